-- One row a mail: written in the transaction that publishes the list, so that a published list is never forgotten.
-- States: pending -> sending -> sent | unknown | failed | expired. `unknown_count` is how many sends nobody knows
-- the fate of; at two the row is left alone, so a manager gets at most one extra copy. A mail is held instead of
-- pending while a source that holds mails is stale, or the scores have drifted; a person lets it go (pending) or drops
-- it.

create table if not exists ops.outbox (
    gen bigint not null references ops.runs (gen),
    account_manager_id text not null,
    kind text not null,
    recipient text,
    message_id text not null unique,
    body_sha256 text,
    state text not null default 'pending',
    attempts integer not null default 0,
    unknown_count integer not null default 0 check (unknown_count between 0 and 2),
    not_after timestamptz not null,
    last_error text,
    updated_at timestamptz not null default now(),
    primary key (gen, account_manager_id, kind)
);
alter table ops.outbox drop constraint if exists outbox_state_check;
alter table ops.outbox add constraint outbox_state_check check (
    state in ('pending', 'held', 'sending', 'sent', 'unknown', 'failed', 'expired', 'dropped')
);

grant select on ops.outbox to guanxi_mailer, guanxi_publisher;
grant update (recipient, body_sha256, state, attempts, unknown_count, last_error, updated_at)
on ops.outbox to guanxi_mailer;

-- Called when another generation goes live: what still waits is given up, and what is being sent or went unanswered
-- is not tried again, also if its generation should come back.
create or replace function ops.expire_mails(p_live bigint, p_reason text) returns void
language sql security definer set search_path = pg_catalog as $f$
    update ops.outbox set state = 'expired', last_error = p_reason, updated_at = now()
    where gen <> p_live and state in ('pending', 'held');
    update ops.outbox set not_after = '-infinity', updated_at = now()
    where gen <> p_live and state in ('sending', 'unknown') and not_after > '-infinity'
$f$;

-- Why the mails of a published generation are held: the stale sources that hold them; null when none does.
create or replace function ops.why_mails_are_held(p_gen bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.dim_sources') is null then
        return null;
    end if;
    return (
        select string_agg(
            case
                when s.delivered_through_date is null then format('source %s has never been read', s.source)
                else format('source %s is as of %s', s.source, s.delivered_through_date)
            end, '; ' order by s.source_rank, s.source
        )
        from pub.dim_sources s
        where s.gen = p_gen and s.is_stale and s.holds_mails
    );
end $f$;

-- Why the churn lists are held: besides, while more accounts changed their risk band overnight than the gate allows, or
-- the lists look wrong by a check that holds them (fct_list_checks). A person looks at such lists first; the night itself
-- goes on.
create or replace function ops.why_churn_lists_are_held(p_gen bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog as $f$
declare
    drift text;
    looks text;
begin
    select format('drift: %s of bands moved', replace(c.observed, '%', ' %')) into drift
    from ops.check_results c
    where c.gen = p_gen and c.stage = 'scores' and c.suite = 'scores_churn_scores'
        and c.expectation = 'ExpectFewBandMoves' and not c.is_success;
    if to_regclass('pub.fct_list_checks') is not null then
        select string_agg(l.text_en, '; ' order by l.check_code) into looks
        from pub.fct_list_checks l
        where l.gen = p_gen and l.is_holding;
    end if;
    return nullif(concat_ws('; ', ops.why_mails_are_held(p_gen), drift, looks), '');
end $f$;

-- Called by ops.publish inside its transaction. A further attempt of a night that brings the missing source lets its
-- held mails go, and the other way round. A manager whom the dimension does not know gets a null recipient;
-- the delivery then takes the address of the company's fallback manager. The id is random because generations
-- begin at 1 again in a new warehouse, and mail systems drop a message whose id they have seen; it is short because a
-- header of more than 78 characters is folded, and not every mail system finds an id on the second line.
create or replace function ops.enqueue_mails(
    p_gen bigint, p_valid interval default '36 hours', p_domain text default 'guanxi.invalid'
) returns bigint
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    queued bigint;
    why text;
begin
    perform ops.expire_mails(p_gen, 'superseded by generation ' || p_gen);
    if to_regclass('pub.fct_churn_lists') is null or to_regclass('pub.dim_account_managers') is null then
        return 0;
    end if;
    perform ops.keep_list_rows(p_gen);
    why := ops.why_churn_lists_are_held(p_gen);
    update ops.outbox o set
        state = case when why is null then 'pending' else 'held' end, last_error = why, not_after = now() + p_valid,
        updated_at = now()
    where o.gen = p_gen and (
        o.state = case when why is null then 'held' else 'pending' end
        or (o.state = 'held' and o.last_error is distinct from why)
    );
    insert into ops.outbox (gen, account_manager_id, kind, recipient, message_id, not_after, state, last_error)
    select
        p_gen, lists.account_manager_id, 'churn_list', managers.email,
        format('<churn-list.%s.%s@%s>', p_gen, replace(gen_random_uuid()::text, '-', ''), p_domain), now() + p_valid,
        case when why is null then 'pending' else 'held' end, why
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

drop function if exists ops.listed_before (bigint); -- ops.last_list says more

revoke all on function
ops.enqueue_mails (bigint, interval, text), ops.expire_mails (bigint, text), ops.why_mails_are_held (bigint),
ops.why_churn_lists_are_held (bigint) from public;
