-- The short mails that go with the lists: to each lead whose people have lists, how these look; and on Mondays, to each
-- account manager with customers and an empty list, that there is nothing to call. Called by ops.publish inside its
-- transaction, after ops.enqueue_mails, which gives up those of other generations and holds or lets go what was written
-- before.
create or replace function ops.enqueue_summaries(
    p_gen bigint, p_valid interval default '36 hours', p_domain text default 'guanxi.invalid'
) returns bigint
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    queued bigint;
    why text;
begin
    if to_regclass('pub.fct_churn_lists') is null or to_regclass('pub.dim_account_managers') is null then
        return 0;
    end if;
    why := ops.why_churn_lists_are_held(p_gen);
    insert into ops.outbox (gen, account_manager_id, kind, recipient, message_id, not_after, state, last_error)
    select
        p_gen, wanted.account_manager_id, wanted.kind, wanted.email,
        format('<%s.%s.%s@%s>', wanted.stem, p_gen, replace(gen_random_uuid()::text, '-', ''), p_domain),
        now() + p_valid, case when why is null then 'pending' else 'held' end, why
    from (
        select leads.account_manager_id, leads.email, 'lead_digest' as kind, 'digest' as stem
        from pub.dim_account_managers leads
        where leads.gen = p_gen and coalesce(leads.is_active, true) and exists (
            select 1
            from pub.dim_account_managers m
            inner join pub.fct_churn_lists l on l.gen = m.gen and l.account_manager_id = m.account_manager_id
            where m.gen = p_gen and m.reports_to_id = leads.account_manager_id and coalesce(m.is_active, true)
                and m.account_manager_id <> leads.account_manager_id
        )
        union all
        -- on the morning after the night's day; who is away and covered hears of it when back
        select m.account_manager_id, m.email, 'quiet_list', 'quiet'
        from pub.dim_account_managers m
        inner join ops.runs r on r.gen = m.gen
        where m.gen = p_gen and extract(isodow from r.as_of + 1) = 1 and coalesce(m.is_active, true)
            and m.role = 'account_manager' and m.accounts_count > 0 and m.covered_by_id is null
            and not exists (
                select 1 from pub.fct_churn_lists l where l.gen = m.gen and l.account_manager_id = m.account_manager_id
            )
    ) as wanted
    on conflict (gen, account_manager_id, kind) do nothing;
    get diagnostics queued = row_count;
    return queued;
end $f$;

revoke all on function ops.enqueue_summaries (bigint, interval, text) from public;
