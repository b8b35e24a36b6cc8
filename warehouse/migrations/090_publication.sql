-- Publication by data: marts are copied under a generation number and one pointer row moves, in one transaction.
-- Measured: no reader of two marts sees two nights, none sees an empty mart (docs/decisions/0004).

create table if not exists ops.audit (
    gen bigint not null references ops.runs (gen) on delete cascade,
    mart text not null,
    row_count bigint not null,
    checksum numeric not null,
    primary key (gen, mart)
);
grant select on ops.audit to guanxi_publisher, guanxi_checker;

create or replace view bi.data_version as
select p.gen, p.as_of, p.published_at, now() - p.published_at as age, r.run_id
from ops.published as p
inner join ops.runs as r on p.gen = r.gen;

create or replace view bi.mart_checksums as
select a.mart, a.row_count, a.checksum
from ops.audit as a
inner join ops.published as p on a.gen = p.gen;

-- What each source brought in a night: of several attempts, the newest that was loaded.
create or replace view ops.loads as
select distinct on (e.gen, e.source, e.entity)
    e.gen, e.source, e.entity, e.dataset, e.is_full, e.as_of, e.extracted_count, e.new_count, e.changed_count,
    e.unchanged_count, e.quarantined_count, e.held_back_count, e.seconds
from ops.extracts as e
where e.state = 'loaded'
order by e.gen, e.source, e.entity, e.attempt desc;
grant select on ops.loads to guanxi_publisher, guanxi_checker;

create or replace view bi.source_loads as
select
    l.source, l.entity, l.dataset, l.is_full, l.as_of, l.extracted_count, l.new_count, l.changed_count,
    l.unchanged_count, l.quarantined_count, l.held_back_count, l.seconds
from ops.loads as l
inner join ops.published as p on l.gen = p.gen;

grant select on bi.data_version, bi.mart_checksums, bi.source_loads
to guanxi_reader, guanxi_contact_reader, guanxi_checker, guanxi_scorer, guanxi_mailer, guanxi_publisher;

-- The order of a mart's columns is its contract's, so that a checksum means the same everywhere. A mart that lies in
-- pieces has no as_of_date there.
create or replace function ops.mart_columns(p_mart text) returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = format('pub.%I', p_mart)::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('gen', 'piece')
$f$;

create or replace function ops.measure(p_schema text, p_mart text, out row_count bigint, out checksum numeric)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    execute format(
        'select count(*), coalesce(sum(hashtextextended(row(%s)::text, 0)::numeric), 0) from %I.%I',
        ops.mart_columns(p_mart), p_schema, p_mart
    ) into row_count, checksum;
end $f$;

-- A mart in the build schema must have exactly the declared columns, of the declared types. Whether it may be empty
-- is for the gates to say.
create or replace function ops.audit_build(p_gen bigint, p_fence uuid)
returns table (mart text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog as $f$
#variable_conflict use_column
declare
    r ops.runs;
    m text;
    strange text;
    measured record;
begin
    select * into r from ops.runs x where x.gen = p_gen and x.fence = p_fence for update;
    if not found then
        raise exception 'another attempt owns generation %', p_gen using errcode = '40001';
    end if;
    if r.state not in ('building', 'audited') then
        raise exception 'generation % is %, not at work', p_gen, r.state;
    end if;
    if r.build_schema is null then
        raise exception 'generation % has not been transformed yet', p_gen;
    end if;
    delete from ops.audit a where a.gen = p_gen;
    for m in select x.mart from ops.marts x order by 1 loop
        if to_regclass(format('%I.%I', r.build_schema, m)) is null then
            raise exception 'mart % was not built', m;
        end if;
        select string_agg(coalesce(b.attname, p.attname), ', ') into strange
        from (select attname from pg_attribute where attrelid = format('%I.%I', r.build_schema, m)::regclass
                and attnum > 0 and not attisdropped) b
        full join (select attname from pg_attribute where attrelid = format('pub.%I', m)::regclass
                and attnum > 0 and not attisdropped and attname not in ('gen', 'piece')) p on p.attname = b.attname
        where (b.attname is null or p.attname is null)
            and (b.attname is distinct from 'as_of_date' or ops.pieces_by(m) is null);
        if strange is null then
            select string_agg(format(
                '%s (declared %s, built %s)', b.attname, format_type(p.atttypid, null), format_type(b.atttypid, null)
            ), ', ') into strange
            from pg_attribute b
            inner join pg_attribute p on p.attrelid = format('pub.%I', m)::regclass and p.attname = b.attname
            where b.attrelid = format('%I.%I', r.build_schema, m)::regclass and b.attnum > 0
                and not b.attisdropped and not p.attisdropped and b.atttypid <> p.atttypid;
        end if;
        if strange is not null then
            raise exception 'mart % and its contract differ in: %', m, strange;
        end if;
        if ops.pieces_by(m) is null then
            select * into measured from ops.measure(r.build_schema, m);
        else
            perform ops.audit_pieces_of(p_gen, r.build_schema, m, r.as_of);
            select coalesce(sum(a.row_count), 0)::bigint as row_count, coalesce(sum(a.checksum), 0) as checksum
            into measured from ops.audit_pieces a where a.gen = p_gen and a.mart = m;
        end if;
        insert into ops.audit values (p_gen, m, measured.row_count, measured.checksum);
    end loop;
    update ops.runs x set state = 'audited' where x.gen = p_gen;
    return query select a.mart, a.row_count from ops.audit a where a.gen = p_gen order by 1;
end $f$;

-- Copies every audited mart into schema pub under a generation, and finds there what the audit had measured.
create or replace function ops.copy_build(p_gen bigint, p_schema text) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    a ops.audit;
    measured record;
    cols text;
begin
    for a in select * from ops.audit x where x.gen = p_gen order by x.mart loop
        if ops.pieces_by(a.mart) is not null then
            perform ops.copy_pieces(p_gen, p_schema, a.mart);
            continue;
        end if;
        cols := ops.mart_columns(a.mart);
        execute format('delete from pub.%I where gen = $1', a.mart) using p_gen;
        execute format('insert into pub.%1$I (gen, %2$s) select $1, %2$s from %3$I.%1$I', a.mart, cols, p_schema)
            using p_gen;
        execute format(
            'select count(*) as row_count, coalesce(sum(hashtextextended(row(%s)::text, 0)::numeric), 0) as checksum'
            ' from pub.%I where gen = $1', cols, a.mart
        ) into measured using p_gen;
        if measured.row_count <> a.row_count or measured.checksum <> a.checksum then
            raise exception 'mart % changed after its audit', a.mart;
        end if;
        -- else the planner believes that a new generation has one row, and the first to ask joins it in loops
        execute format('analyze pub.%I', a.mart);
    end loop;
end $f$;

create or replace function ops.publish(p_gen bigint, p_fence uuid)
returns table (mart text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog as $f$
#variable_conflict use_column
declare
    r ops.runs;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('guanxi.publish', 0)) then
        raise exception 'another publication is running' using errcode = '55P03';
    end if;
    select * into r from ops.runs x where x.gen = p_gen for update;
    if not found then
        raise exception 'unknown generation %', p_gen;
    end if;
    if r.fence <> p_fence then
        raise exception 'another attempt owns generation %', p_gen using errcode = '40001';
    end if;
    if r.state = 'published' then  -- a repeat of a publication that had succeeded
        if not exists (select 1 from ops.published p where p.gen = p_gen) then
            raise exception 'generation % was published before, and another one is live since', p_gen;
        end if;
        return query select x.mart, x.row_count from ops.audit x where x.gen = p_gen order by 1;
        return;
    end if;
    if r.state <> 'audited' then
        raise exception 'generation % is %, not audited', p_gen, r.state;
    end if;
    if exists (select 1 from ops.published p where p.as_of > r.as_of) then
        raise exception 'a newer day is live than %', r.as_of;
    end if;
    perform ops.copy_build(p_gen, r.build_schema);
    insert into ops.published (gen, as_of) values (p_gen, r.as_of)
    on conflict (is_only) do update set gen = excluded.gen, as_of = excluded.as_of, published_at = now();
    update ops.runs x set state = 'published', published_at = now() where x.gen = p_gen;
    perform ops.record_scores(p_gen);
    perform ops.keep_assignments(p_gen);
    perform ops.enqueue_mails(p_gen);
    perform ops.enqueue_summaries(p_gen);
    return query select x.mart, x.row_count from ops.audit x where x.gen = p_gen order by 1;
end $f$;

-- One statement; null when the generation's rows are not there to go back to. A further attempt that failed has
-- not touched them. The mails of the generation that is left are given up.
create or replace function ops.rollback_to(p_gen bigint) returns text
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    told text;
begin
    update ops.published p set gen = r.gen, as_of = r.as_of, published_at = now()
    from ops.runs r
    where r.gen = p_gen and r.published_at is not null
    returning 'live generation is now ' || p_gen || ', as of ' || r.as_of into told;
    if told is not null then
        perform ops.expire_mails(p_gen, 'rolled back to generation ' || p_gen);
    end if;
    return told;
end $f$;

-- What a past day's marts are beside those that were published for it: rows, and how many rows only one of the two has
-- (null when the published rows are no longer kept, and the audit's checksum has to do). p_than is their generation.
create or replace function ops.compare_build(p_gen bigint, p_than bigint)
returns table (mart text, row_count bigint, row_count_before bigint, only_now bigint, only_before bigint)
language plpgsql stable security definer set search_path = pg_catalog as $f$
#variable_conflict use_column
declare
    m record;
    kept boolean;
    built text;
begin
    select r.build_schema into built from ops.runs r where r.gen = p_gen;
    select r.published_at is not null into kept from ops.runs r where r.gen = p_than;
    for m in
        select coalesce(a.mart, b.mart) as mart, a.row_count, b.row_count as row_count_before
        from (select * from ops.audit x where x.gen = p_gen) a
        full join (select * from ops.audit x where x.gen = p_than) b on a.mart = b.mart
        where a.checksum is distinct from b.checksum or a.row_count is distinct from b.row_count
        order by 1
    loop
        mart := m.mart;
        row_count := m.row_count;
        row_count_before := m.row_count_before;
        only_now := null;
        only_before := null;
        if kept and m.row_count is not null and m.row_count_before is not null then
            execute format(
                'with now as (select row(%1$s)::text from %2$I.%3$I),'
                ' before as (select row(%1$s)::text from pub.%3$I where %4$s)'
                ' select (select count(*) from (select * from now except all select * from before) as x),'
                ' (select count(*) from (select * from before except all select * from now) as x)',
                ops.mart_columns(m.mart), built, m.mart, ops.is_of_generation(m.mart)
            ) into only_now, only_before using p_than;
            -- the checksums differ as well when a column was added since that is empty in both
            continue when only_now + only_before = 0;
        end if;
        return next;
    end loop;
end $f$;

-- Ends a backfill of one day. When it is kept, its rows are there to roll back to; the pointer stays where it is.
create or replace function ops.end_backfill(p_gen bigint, p_fence uuid, p_keep boolean, p_note text) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    r ops.runs;
begin
    select * into r from ops.runs x where x.gen = p_gen and x.fence = p_fence and x.is_backfill for update;
    if not found then
        raise exception 'another attempt owns generation %', p_gen using errcode = '40001';
    end if;
    if r.state <> 'audited' then
        raise exception 'generation % is %, not audited', p_gen, r.state;
    end if;
    if p_keep then
        perform ops.copy_build(p_gen, r.build_schema);
    end if;
    update ops.runs x set
        state = 'rebuilt', note = p_note, published_at = case when p_keep then now() end, build_schema = null
    where x.gen = p_gen;
end $f$;

-- Forget old generations; p_keep stay: the live one and the newest others.
create or replace function ops.prune(p_keep integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    old bigint[];
    m text;
begin
    select array_agg(x.gen) into old from (
        select r.gen from ops.runs r
        where r.published_at is not null and r.gen not in (select p.gen from ops.published p)
        order by r.as_of desc, r.gen desc offset greatest(p_keep - 1, 0)
    ) x;
    if old is null then
        return 0;
    end if;
    for m in select x.mart from ops.marts x where x.pieces_by is null loop
        execute format('delete from pub.%I where gen = any($1)', m) using old;
    end loop;
    delete from ops.generation_pieces g where g.gen = any(old);
    perform ops.drop_orphan_pieces();
    update ops.runs set state = 'rejected', note = 'no longer kept', build_schema = null, published_at = null
    where gen = any(old);
    return cardinality(old);
end $f$;

revoke all on all functions in schema ops from public;
grant execute on function ops.publish (bigint, uuid), ops.rollback_to (bigint), ops.prune (integer),
ops.compare_build (bigint, bigint), ops.end_backfill (bigint, uuid, boolean, text)
to guanxi_publisher;
grant execute on function ops.audit_build (bigint, uuid) to guanxi_checker;
