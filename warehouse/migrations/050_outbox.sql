-- One row a mail: written in the transaction that publishes the list, so that a published list is never forgotten.
-- States: pending -> sending -> sent | unknown | failed | expired. `unknown_count` is how many sends nobody knows
-- the fate of; at two the row is held, so a manager gets at most one extra copy.

create table if not exists ops.outbox (
    gen bigint not null references ops.runs (gen),
    account_manager_id text not null,
    kind text not null,
    recipient text,
    message_id text not null unique,
    body_sha256 text,
    state text not null default 'pending'
    check (state in ('pending', 'sending', 'sent', 'unknown', 'failed', 'expired')),
    attempts integer not null default 0,
    unknown_count integer not null default 0 check (unknown_count between 0 and 2),
    not_after timestamptz not null,
    last_error text,
    updated_at timestamptz not null default now(),
    primary key (gen, account_manager_id, kind)
);

grant select on ops.outbox to guanxi_mailer, guanxi_publisher;
grant update (recipient, body_sha256, state, attempts, unknown_count, last_error, updated_at)
on ops.outbox to guanxi_mailer;

-- Called by ops.publish inside its transaction. A manager whom the dimension does not know gets a null recipient;
-- the delivery then takes the address of the company's fallback manager. The id is random because generations
-- begin at 1 again in a new warehouse, and mail systems drop a message whose id they have seen.
create or replace function ops.enqueue_mails(
    p_gen bigint, p_valid interval default '36 hours', p_domain text default 'guanxi.invalid'
) returns bigint
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    queued bigint;
begin
    update ops.outbox o set
        state = 'expired', last_error = 'superseded by generation ' || p_gen, updated_at = now()
    where o.state = 'pending' and o.gen <> p_gen;
    if to_regclass('pub.fct_churn_lists') is null or to_regclass('pub.dim_account_managers') is null then
        return 0;
    end if;
    insert into ops.outbox (gen, account_manager_id, kind, recipient, message_id, not_after)
    select
        p_gen, lists.account_manager_id, 'churn_list', managers.email,
        format('<churn-list.%s.%s@%s>', p_gen, gen_random_uuid(), p_domain), now() + p_valid
    from (
        select distinct l.account_manager_id from pub.fct_churn_lists l
        where l.gen = p_gen and l.account_manager_id is not null
    ) as lists
    left join pub.dim_account_managers as managers
        on managers.gen = p_gen and managers.account_manager_id = lists.account_manager_id
    on conflict (gen, account_manager_id, kind) do nothing;
    get diagnostics queued = row_count;
    return queued;
end $f$;

-- The list that a new one is compared with: that of the newest earlier day that was published. The scorer reads it through this function and has no other right on pub.
create or replace function ops.listed_before(p_gen bigint)
returns table (account_manager_id text, account_id text)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_churn_lists') is null then
        return;
    end if;
    return query
    select l.account_manager_id, l.account_id from pub.fct_churn_lists l
    where l.gen = (
        -- of an earlier day, so that a night that runs again calls the same accounts new
        select r.gen from ops.runs r
        where r.published_at is not null and r.as_of < (select t.as_of from ops.runs t where t.gen = p_gen)
        order by r.as_of desc, r.gen desc
        limit 1
    );
end $f$;

revoke all on function ops.enqueue_mails (bigint, interval, text), ops.listed_before (bigint) from public;
grant execute on function ops.listed_before (bigint) to guanxi_scorer;
