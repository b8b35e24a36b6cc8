-- What account managers said to the lists of the days before a generation's own. Nobody has said anything while there is
-- no log of their answers.
do $do$
begin
    if to_regprocedure('ops.feedback_before(bigint)') is null then
        create function ops.feedback_before(p_gen bigint)
        returns table (
            feedback_id bigint, account_id text, account_manager_id text, told_at timestamptz, as_of date,
            outcome_code text, note text, snoozed_until date
        )
        language sql stable security definer set search_path = pg_catalog as $f$
            select null::bigint, null::text, null::text, null::timestamptz, null::date, null::text, null::text, null::date
            where false
        $f$;
    end if;
end $do$;
revoke all on function ops.feedback_before (bigint) from public;
grant execute on function ops.feedback_before (bigint) to guanxi_scorer;
