-- What the night's lists are compared with: who was at risk on the newest earlier day that was published, and how those
-- stood who were on a list then. The scorer reads it through this function and has no other right on pub.
create or replace function ops.at_risk_before(p_gen bigint)
returns table (
    account_id text, has_own_manager boolean, is_listed boolean, churn_probability double precision,
    days_since_last_order integer, as_of date
)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_account_next_actions') is null or to_regclass('pub.fct_churn_lists') is null then
        return;
    end if;
    return query
    select a.account_id, a.has_own_manager, l.account_id is not null, l.churn_probability, l.days_since_last_order, r.as_of
    from pub.fct_account_next_actions a
    inner join ops.runs r on r.gen = a.gen
    left join pub.fct_churn_lists l on l.gen = a.gen and l.account_id = a.account_id
    where a.gen = (
        select e.gen from ops.runs e
        where e.published_at is not null and not e.is_backfill
            and e.as_of < (select t.as_of from ops.runs t where t.gen = p_gen)
        order by e.as_of desc, e.gen desc
        limit 1
    );
end $f$;
revoke all on function ops.at_risk_before (bigint) from public;
grant execute on function ops.at_risk_before (bigint) to guanxi_scorer;
