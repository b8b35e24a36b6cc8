-- The mails about relationships to review: asked for by a person or a schedule, not by a publication, and told of the
-- live generation as every other. An account is its manager's while active, else the desk's (p_desk), else nobody's.
-- Whoever got such a mail since p_since gets none, of whichever generation it was, and none more where it may have
-- arrived: a night that ran again, or a failed round that a person repeats on the next day, mails nobody twice.
create or replace function ops.enqueue_reviews(
    p_gen bigint, p_desk text, p_since timestamptz,
    p_valid interval default '36 hours', p_domain text default 'guanxi.invalid',
    out queued bigint, out mailed_before bigint
)
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    why text;
begin
    queued := 0;
    mailed_before := 0;
    -- a publication that moves the pointer waits, so that it expires what is written here
    perform 1 from ops.published p where p.gen = p_gen for share;
    if not found or to_regclass('pub.fct_relationship_review_queue') is null then
        return;
    end if;
    why := ops.why_mails_are_held(p_gen);
    with listed as (
        select distinct coalesce(m.account_manager_id, p_desk) as account_manager_id
        from pub.fct_relationship_review_queue q
        left join pub.dim_account_managers m
            on m.gen = q.gen and m.account_manager_id = q.account_manager_id and coalesce(m.is_active, true)
        where q.gen = p_gen
    ),

    named as (
        select
            listed.account_manager_id,
            exists (
                select 1 from ops.outbox o
                where o.kind = 'relationship_review' and o.account_manager_id = listed.account_manager_id
                    and o.state in ('sending', 'sent', 'unknown') and o.updated_at >= p_since
            ) as has_mail
        from listed
        where listed.account_manager_id is not null
    ),

    written as (
        insert into ops.outbox (gen, account_manager_id, kind, recipient, message_id, not_after, state, last_error)
        select
            p_gen, named.account_manager_id, 'relationship_review', managers.email,
            format('<review.%s.%s@%s>', p_gen, replace(gen_random_uuid()::text, '-', ''), p_domain), now() + p_valid,
            case when why is null then 'pending' else 'held' end, why
        from named
        left join pub.dim_account_managers as managers
            on managers.gen = p_gen and managers.account_manager_id = named.account_manager_id
        where not named.has_mail
        on conflict (gen, account_manager_id, kind) do nothing
        returning 1
    )

    select (select count(*) from written), (select count(*) from named where named.has_mail)
    into queued, mailed_before;
end $f$;

revoke all on function ops.enqueue_reviews (bigint, text, timestamptz, interval, text) from public;
grant execute on function ops.enqueue_reviews (bigint, text, timestamptz, interval, text) to guanxi_mailer;
