-- What account managers answer to their lists: the codes they answer by, what was taken in, and what went back to them.

-- Every row that ever stood on a published churn list, by the code it carries there: an answer is understood although
-- the list's generation is forgotten. A code is made of manager and account alone, so it stays from night to night.
create table if not exists ops.list_rows (
    account_manager_id text not null,
    account_id text not null,
    row_code text not null,
    first_listed_date date not null,
    last_listed_date date not null,
    primary key (account_manager_id, account_id)
);
create index if not exists list_rows_by_code on ops.list_rows (row_code);
grant select on ops.list_rows to guanxi_mailer;

create or replace function ops.row_code(p_account_manager_id text, p_account_id text) returns text
language sql immutable set search_path = pg_catalog as $f$
    select 'GX-' || upper(left(encode(
        sha256(convert_to(p_account_manager_id || '|' || p_account_id, 'UTF8')), 'hex'), 8))
$f$;

-- Called by ops.enqueue_mails, inside the transaction that publishes the list.
create or replace function ops.keep_list_rows(p_gen bigint) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    insert into ops.list_rows as kept (account_manager_id, account_id, row_code, first_listed_date, last_listed_date)
    select distinct on (l.account_manager_id, l.account_id)
        l.account_manager_id, l.account_id, ops.row_code(l.account_manager_id, l.account_id), r.as_of, r.as_of
    from pub.fct_churn_lists l
    inner join ops.runs r on r.gen = l.gen
    where l.gen = p_gen and l.account_manager_id is not null and l.account_id is not null
    on conflict (account_manager_id, account_id) do update set
        first_listed_date = least(kept.first_listed_date, excluded.first_listed_date),
        last_listed_date = greatest(kept.last_listed_date, excluded.last_listed_date);
end $f$;

-- The generations that were published before there was a log.
do $do$
begin
    if to_regclass('pub.fct_churn_lists') is not null then
        perform ops.keep_list_rows(r.gen) from ops.runs r where r.published_at is not null and not r.is_backfill;
    end if;
end $do$;

-- One row a mail, a file or a delivery of the CRM that was looked at, so that none counts twice. The reference is a
-- digest: no address is kept of who is nobody. What was refused goes back to the manager: return_state goes from
-- pending over sending to sent, unknown or failed, and the refused words are kept no longer than that.
create table if not exists ops.feedback_documents (
    reference text primary key,
    channel text not null check (channel in ('mail', 'sheet', 'crm')),
    account_manager_id text,
    told_at timestamptz not null,
    as_of date not null,
    taken_count integer not null,
    refused_count integer not null,
    refusals text,
    reply_to text,
    return_state text not null check (return_state in ('none', 'pending', 'sending', 'sent', 'unknown', 'failed')),
    return_error text,
    taken_at timestamptz not null
);
grant select, insert on ops.feedback_documents to guanxi_mailer;
grant update (refusals, return_state, return_error) on ops.feedback_documents to guanxi_mailer;
grant select on ops.feedback_documents to guanxi_publisher;

-- The answers: rows are added and never changed, but that an erased person's name is taken out of a note. as_of is the
-- day of the list that was live when the answer came in; it counts for the nights after that day.
create table if not exists ops.feedback (
    feedback_id bigint generated always as identity primary key,
    reference text not null references ops.feedback_documents (reference),
    place integer not null,
    row_code text not null,
    account_id text not null,
    account_manager_id text not null,
    told_at timestamptz not null,
    as_of date not null,
    channel text not null check (channel in ('mail', 'sheet', 'crm')),
    outcome_code text not null,
    note text,
    snoozed_until date,
    unique (reference, place)
);
create index if not exists feedback_by_account on ops.feedback (account_id, account_manager_id);
comment on table ops.feedback is
'One row per answer of an account manager about a row of a churn list. Rows are added and never changed.';
grant select, insert on ops.feedback to guanxi_mailer;

-- The newest answer of each account and manager.
create or replace view ops.list_feedback as
select distinct on (f.account_id, f.account_manager_id)
    f.account_id,
    f.account_manager_id,
    f.told_at,
    f.outcome_code,
    f.note,
    f.snoozed_until
from ops.feedback as f
order by f.account_id asc, f.account_manager_id asc, f.told_at desc, f.feedback_id desc;
grant select on ops.list_feedback to guanxi_scorer, guanxi_mailer;

-- All answers to lists of the days before a generation's own, so that a night that runs again sees the same ones. The
-- scorer reads them through this function.
create or replace function ops.feedback_before(p_gen bigint)
returns setof ops.feedback
language sql stable security definer set search_path = pg_catalog as $f$
    select f.* from ops.feedback f
    where f.as_of < (select r.as_of from ops.runs r where r.gen = p_gen)
$f$;

revoke all on function
ops.row_code (text, text), ops.keep_list_rows (bigint), ops.feedback_before (bigint) from public;
grant execute on function ops.feedback_before (bigint) to guanxi_scorer;
grant execute on function ops.row_code (text, text) to guanxi_scorer, guanxi_mailer;
