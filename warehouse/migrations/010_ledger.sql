-- The night's ledger: which runs there are, who may write for them, what each stage did.
-- Every file of this folder is idempotent and runs again when its text changes, as guanxi_owner.

create schema if not exists ops;
create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists pub;
create schema if not exists bi;
-- views of what tells of persons: decision 0023
create schema if not exists bi_restricted;

grant usage on schema ops to
    guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_scorer, guanxi_publisher, guanxi_mailer,
    guanxi_matcher, guanxi_eraser;
grant usage on schema raw to guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_matcher;
grant usage on schema quarantine to guanxi_loader, guanxi_checker;
grant usage on schema pub to guanxi_mailer;
grant usage on schema bi to
    guanxi_reader, guanxi_contact_reader, guanxi_checker, guanxi_scorer, guanxi_mailer, guanxi_publisher;
grant usage on schema bi_restricted to guanxi_contact_reader;

-- One warehouse holds one company.
create table if not exists ops.company (
    is_only boolean primary key default true check (is_only),
    company_id text not null
);

create table if not exists ops.sources (
    source text primary key,
    kind text not null,
    rank integer not null
);
-- whether the lists wait while the source's data are older than the night
alter table ops.sources add column if not exists holds_mails boolean not null default true;
grant select on ops.sources to guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_matcher;

create table if not exists ops.runs (
    gen bigint primary key,
    run_id text not null unique,
    as_of date not null,
    timezone text not null,
    attempt integer not null default 1,
    fence uuid not null default gen_random_uuid(),
    state text not null default 'building'
    check (state in ('building', 'audited', 'published', 'rejected')),
    build_schema text,
    note text,
    started_at timestamptz not null default now(),
    -- not null while schema pub holds the generation's rows, whatever became of a further attempt
    published_at timestamptz
);
-- a past day built anew from raw: no night of its own, it goes live only when somebody rolls back to it
alter table ops.runs add column if not exists is_backfill boolean not null default false;
alter table ops.runs drop constraint if exists runs_state_check;
alter table ops.runs add constraint runs_state_check check (
    state in ('building', 'audited', 'published', 'rejected', 'rebuilt')
);
grant select on ops.runs to
    guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_scorer, guanxi_publisher, guanxi_mailer,
    guanxi_matcher;

-- The pointer: the one generation that readers see.
create table if not exists ops.published (
    is_only boolean primary key default true check (is_only),
    gen bigint not null references ops.runs (gen),
    as_of date not null,
    published_at timestamptz not null default now()
);
grant select on ops.published to
    guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_scorer, guanxi_publisher, guanxi_mailer,
    guanxi_matcher;

-- Every start of every stage, for the summary, the benchmark and the operator.
create table if not exists ops.stage_runs (
    gen bigint not null references ops.runs (gen) on delete cascade,
    stage text not null,
    part text not null,
    number integer not null,
    attempt integer not null,
    state text not null default 'running' check (state in ('running', 'done', 'failed')),
    note text,
    seconds numeric,
    peak_mb integer,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (gen, stage, part, number)
);
grant select on ops.stage_runs to
    guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_scorer, guanxi_publisher, guanxi_mailer,
    guanxi_matcher;

-- Who holds the right to write for a part of a stage: the newest process that claimed it.
create table if not exists ops.claims (
    gen bigint not null references ops.runs (gen) on delete cascade,
    stage text not null,
    part text not null,
    token uuid not null,
    number integer not null,
    primary key (gen, stage, part)
);

create or replace function ops.open_run(p_run_id text, p_as_of date, p_timezone text)
returns table (gen bigint, attempt integer, fence uuid)
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    -- Waits until no transaction holds a claim, and lets none take one meanwhile. Everybody locks claims before
    -- runs: the other order deadlocks with a transform, an audit or a publication at work.
    lock table ops.claims in exclusive mode;
    if exists (select 1 from ops.published p where p.as_of > p_as_of) then
        raise exception 'a newer day is live' using errcode = 'GX001';
    end if;
    -- any other night that was left half-way has no more right to write
    delete from ops.claims c using ops.runs r
    where r.gen = c.gen and (r.run_id = p_run_id or r.state in ('building', 'audited'));
    update ops.runs r set state = 'rejected', note = 'left unfinished; a later night began'
    where r.run_id <> p_run_id and r.state in ('building', 'audited');
    return query
    insert into ops.runs as r (gen, run_id, as_of, timezone)
    values ((select coalesce(max(x.gen), 0) + 1 from ops.runs x), p_run_id, p_as_of, p_timezone)
    on conflict (run_id) do update set
        attempt = r.attempt + 1, fence = gen_random_uuid(), state = 'building', build_schema = null, note = null,
        is_backfill = false
    returning r.gen, r.attempt, r.fence;
end $f$;

-- A past day again: beside no night that is half-way, whose build a further transform would drop.
create or replace function ops.open_backfill(p_run_id text, p_as_of date, p_timezone text)
returns table (gen bigint, attempt integer, fence uuid)
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    half_way text;
begin
    lock table ops.claims in exclusive mode;
    select r.run_id into half_way from ops.runs r
    where not r.is_backfill and r.state in ('building', 'audited') order by r.gen desc limit 1;
    if half_way is not null then
        raise exception '%', half_way using errcode = 'GX003';
    end if;
    delete from ops.claims c using ops.runs r
    where r.gen = c.gen and (r.run_id = p_run_id or r.state in ('building', 'audited'));
    update ops.runs r set state = 'rejected', note = 'left unfinished; a later backfill began'
    where r.run_id <> p_run_id and r.state in ('building', 'audited');
    return query
    insert into ops.runs as r (gen, run_id, as_of, timezone, is_backfill)
    values ((select coalesce(max(x.gen), 0) + 1 from ops.runs x), p_run_id, p_as_of, p_timezone, true)
    on conflict (run_id) do update set
        attempt = r.attempt + 1, fence = gen_random_uuid(), state = 'building', build_schema = null, note = null
    where r.is_backfill
    returning r.gen, r.attempt, r.fence;
end $f$;

-- A later claim of the same part waits here until the earlier holder's open transaction has ended. A rejected run
-- takes no claim: what a gate has held goes on only as a further attempt, from its first stage.
create or replace function ops.claim_stage(p_gen bigint, p_fence uuid, p_stage text, p_part text)
returns table (token uuid, number integer)
language plpgsql security definer set search_path = pg_catalog as $f$
#variable_conflict use_column
declare
    r ops.runs;
    n integer;
begin
    -- first, because it waits for an open_run at work: the look at the run below then sees what that one did
    insert into ops.claims as c (gen, stage, part, token, number)
    values (p_gen, p_stage, p_part, gen_random_uuid(), 0)
    on conflict (gen, stage, part) do update set token = excluded.token;
    select * into r from ops.runs x where x.gen = p_gen and x.fence = p_fence;
    if not found then
        raise exception 'another attempt owns generation %', p_gen using errcode = '40001';
    end if;
    if r.state = 'rejected' then
        raise exception '%', coalesce(r.note, 'no reason was noted') using errcode = 'GX002';
    end if;
    select coalesce(max(s.number), 0) + 1 into n
    from ops.stage_runs s where s.gen = p_gen and s.stage = p_stage and s.part = p_part;
    insert into ops.stage_runs (gen, stage, part, number, attempt) values (p_gen, p_stage, p_part, n, r.attempt);
    return query
    update ops.claims c set number = n
    where c.gen = p_gen and c.stage = p_stage and c.part = p_part
    returning c.token, c.number;
end $f$;

create or replace function ops.assert_claim(p_gen bigint, p_stage text, p_part text, p_token uuid)
returns void
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    perform 1 from ops.claims c
    where c.gen = p_gen and c.stage = p_stage and c.part = p_part and c.token = p_token
    for share;
    if not found then
        raise exception 'a later attempt owns % % of generation %', p_stage, p_part, p_gen using errcode = '40001';
    end if;
end $f$;

create or replace function ops.finish_stage(
    p_gen bigint, p_stage text, p_part text, p_number integer, p_state text, p_note text, p_seconds numeric, p_mb integer
) returns void
language sql security definer set search_path = pg_catalog as $f$
    update ops.stage_runs set
        state = p_state, note = p_note, seconds = p_seconds, peak_mb = p_mb, finished_at = now()
    where gen = p_gen and stage = p_stage and part = p_part and number = p_number
$f$;

-- A transform gets a schema of its own: what an orphaned one still writes, nobody will publish.
create or replace function ops.begin_build(p_gen bigint, p_token uuid, p_schema text)
returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    t text;
begin
    perform ops.assert_claim(p_gen, 'transform', '', p_token);
    update ops.runs set build_schema = p_schema where gen = p_gen;
    -- the loader does not own the tables of raw; without statistics the first night plans blindly
    for t in select c.relname from pg_class c where c.relnamespace = 'raw'::regnamespace and c.relkind = 'r' loop
        execute format('analyze raw.%I', t);
    end loop;
    analyze ops.account_keys;
end $f$;

create or replace function ops.reject_run(p_gen bigint, p_fence uuid, p_note text)
returns void
language sql security definer set search_path = pg_catalog as $f$
    update ops.runs set state = 'rejected', note = p_note
    where gen = p_gen and fence = p_fence and state in ('building', 'audited')
$f$;

-- Whether a text can become a value of a type; PostgreSQL 16 and later know it themselves.
do $do$ begin
    if current_setting('server_version_num')::integer >= 160000 then
        execute $sql$
            create or replace function ops.is_valid(value text, type_name text) returns boolean
            language sql stable parallel safe set search_path = pg_catalog as
            'select pg_input_is_valid(value, type_name)'
        $sql$;
    else
        execute $sql$
            create or replace function ops.is_valid(value text, type_name text) returns boolean
            language plpgsql stable as $f$
            begin
                execute 'select $1::' || type_name::regtype using value;
                return true;
            exception when others then
                return false;
            end $f$
        $sql$;
    end if;
end $do$;

revoke all on all functions in schema ops from public;
grant execute on function ops.open_run (text, date, text), ops.open_backfill (text, date, text)
to guanxi_publisher;
grant execute on function
ops.claim_stage (bigint, uuid, text, text), ops.assert_claim (bigint, text, text, uuid),
ops.finish_stage (bigint, text, text, integer, text, text, numeric, integer), ops.reject_run (bigint, uuid, text)
to guanxi_loader, guanxi_transformer, guanxi_checker, guanxi_scorer, guanxi_publisher, guanxi_mailer,
    guanxi_matcher;
grant execute on function ops.begin_build (bigint, uuid, text) to guanxi_transformer;
grant execute on function ops.is_valid (text, text) to guanxi_loader, guanxi_checker;
