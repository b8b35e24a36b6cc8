-- What account managers last said of an account. Nobody has said anything while there is no log of their answers.
do $do$
begin
    if to_regclass('ops.list_feedback') is null then
        create view ops.list_feedback as
        select
            null::text as account_id, null::text as account_manager_id, null::timestamptz as told_at,
            null::text as outcome_code, null::text as note, null::date as snoozed_until
        where false;
    end if;
end $do$;
grant select on ops.list_feedback to guanxi_scorer;
