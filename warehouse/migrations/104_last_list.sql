-- The list of the newest earlier day that was published, with what it said of each account. An account that stood on a
-- stand-in's list is told under whose it is.
create or replace function ops.last_list(p_gen bigint)
returns table (
    account_id text, owner_id text, as_of date, status_code text, band_code text, churn_probability double precision
)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_churn_lists') is null then
        return;
    end if;
    return query
    select
        l.account_id, coalesce(l.stands_in_for_id, l.account_manager_id), last_night.as_of, l.status_code,
        l.band_code, l.churn_probability
    from (
        -- of an earlier day, so that a night that runs again says the same of an account
        select r.gen, r.as_of from ops.runs r
        where r.published_at is not null and r.as_of < (select t.as_of from ops.runs t where t.gen = p_gen)
        order by r.as_of desc, r.gen desc
        limit 1
    ) as last_night
    inner join pub.fct_churn_lists l on l.gen = last_night.gen
    where l.account_id is not null;
end $f$;

revoke all on function ops.last_list (bigint) from public;
grant execute on function ops.last_list (bigint) to guanxi_scorer;
