-- Marts whose rows have a date are kept in pieces, a month each: a generation that brings the same rows of a month as
-- an earlier one shares its piece, so that a night writes only the months that changed (docs/decisions/0047).
-- The day of the night is in no piece; the view puts it in. Marts without such a date are kept whole by generation.

create table if not exists ops.marts (mart text primary key);
alter table ops.marts add column if not exists pieces_by text;

create sequence if not exists ops.piece_numbers;

-- What lies in schema pub. A row without a date is in the piece of -infinity.
create table if not exists ops.pieces (
    piece bigint primary key,
    mart text not null,
    month date not null,
    row_count bigint not null,
    checksum numeric not null
);
create index if not exists pieces_of_a_month on ops.pieces (mart, month);

create table if not exists ops.generation_pieces (
    gen bigint not null references ops.runs (gen) on delete cascade,
    piece bigint not null references ops.pieces (piece) on delete cascade,
    primary key (gen, piece)
);
create index if not exists generations_of_a_piece on ops.generation_pieces (piece);

create table if not exists ops.audit_pieces (
    gen bigint not null references ops.runs (gen) on delete cascade,
    mart text not null,
    month date not null,
    row_count bigint not null,
    checksum numeric not null,
    primary key (gen, mart, month)
);

create or replace function ops.pieces_by(p_mart text) returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select x.pieces_by from ops.marts x where x.mart = p_mart
$f$;

-- The month of a row, as an expression of its column.
create or replace function ops.month_of(p_column text) returns text
language sql immutable set search_path = pg_catalog as $f$
    select format('coalesce(date_trunc(''month'', %I::timestamp)::date, ''-infinity'')', p_column)
$f$;

-- Which rows of pub.<mart> are a generation's, as a condition on $1.
create or replace function ops.is_of_generation(p_mart text) returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select case
        when ops.pieces_by(p_mart) is null then 'gen = $1'
        else 'piece in (select g.piece from ops.generation_pieces g where g.gen = $1)'
    end
$f$;

-- The months of a build's mart with what they hold; every row must be of the night's day.
create or replace function ops.audit_pieces_of(p_gen bigint, p_schema text, p_mart text, p_as_of date)
returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    strange bigint;
begin
    delete from ops.audit_pieces a where a.gen = p_gen and a.mart = p_mart;
    if exists (
        select from pg_attribute where attrelid = format('%I.%I', p_schema, p_mart)::regclass
            and attname = 'as_of_date' and not attisdropped
    ) then
        execute format('select count(*) from %I.%I where as_of_date is distinct from $1', p_schema, p_mart)
            into strange using p_as_of;
        if strange > 0 then
            raise exception 'mart % has % rows that are not of %', p_mart, strange, p_as_of;
        end if;
    end if;
    execute format(
        'insert into ops.audit_pieces'
        ' select $1, $2, %s, count(*), sum(hashtextextended(row(%s)::text, 0)::numeric) from %I.%I group by 3',
        ops.month_of(ops.pieces_by(p_mart)), ops.mart_columns(p_mart), p_schema, p_mart
    ) using p_gen, p_mart;
end $f$;

-- Gives a generation the pieces of a mart that was audited: those that lie in pub already, and new ones for the rest.
create or replace function ops.copy_pieces(p_gen bigint, p_schema text, p_mart text) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    fresh bigint[];
    other text;
    cols text := ops.mart_columns(p_mart);
begin
    delete from ops.generation_pieces g using ops.pieces s
    where g.gen = p_gen and s.piece = g.piece and s.mart = p_mart;
    insert into ops.generation_pieces (gen, piece)
    select p_gen, max(s.piece)
    from ops.audit_pieces a
    inner join ops.pieces s
        on s.mart = a.mart and s.month = a.month and s.row_count = a.row_count and s.checksum = a.checksum
    where a.gen = p_gen and a.mart = p_mart
    group by a.month;
    with made as (
        insert into ops.pieces (piece, mart, month, row_count, checksum)
        select nextval('ops.piece_numbers'), a.mart, a.month, a.row_count, a.checksum
        from ops.audit_pieces a
        where a.gen = p_gen and a.mart = p_mart and a.month not in (
            select s.month from ops.generation_pieces g inner join ops.pieces s on s.piece = g.piece
            where g.gen = p_gen and s.mart = p_mart
        )
        returning piece
    )
    select coalesce(array_agg(m.piece), '{}') into fresh from made m;
    if fresh = '{}' then
        return;
    end if;
    insert into ops.generation_pieces (gen, piece) select p_gen, unnest(fresh);
    execute format(
        'insert into pub.%1$I (piece, %2$s) select f._piece, %2$s from %3$I.%1$I'
        ' inner join (select s.piece as _piece, s.month as _month from ops.pieces s where s.piece = any($1)) f'
        ' on f._month = %4$s', p_mart, cols, p_schema, ops.month_of(ops.pieces_by(p_mart))
    ) using fresh;
    execute format(
        'select string_agg(case when isfinite(s.month) then to_char(s.month, ''YYYY-MM'') else ''no month'' end, '', '') from'
        ' (select piece, count(*) as row_count, sum(hashtextextended(row(%s)::text, 0)::numeric) as checksum'
        ' from pub.%I where piece = any($1) group by piece) m'
        ' right join (select * from ops.pieces x where x.piece = any($1)) s on s.piece = m.piece'
        ' where m.row_count is distinct from s.row_count or m.checksum is distinct from s.checksum', cols, p_mart
    ) into other using fresh;
    if other is not null then
        raise exception 'mart % changed after its audit, in %', p_mart, other;
    end if;
    execute format('analyze pub.%I', p_mart);
end $f$;

-- Takes the pieces away that no generation has any more.
create or replace function ops.drop_orphan_pieces() returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    o record;
begin
    for o in
        select s.mart, array_agg(s.piece) as pieces from ops.pieces s
        where not exists (select from ops.generation_pieces g where g.piece = s.piece) group by s.mart
    loop
        execute format('delete from pub.%I where piece = any($1)', o.mart) using o.pieces;
        delete from ops.pieces s where s.piece = any(o.pieces);
    end loop;
end $f$;

-- A mart that was kept whole by generation lies in pieces from now on; each generation that is kept becomes one.
create or replace function ops.keep_in_pieces(p_mart text) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    g record;
begin
    execute format('alter table pub.%I add column piece bigint', p_mart);
    for g in execute format('select gen, count(*) as row_count from pub.%I group by gen', p_mart) loop
        with made as (
            -- no build has a month of infinity, so none will share it
            insert into ops.pieces values (nextval('ops.piece_numbers'), p_mart, 'infinity', g.row_count, 0)
            returning piece
        )
        insert into ops.generation_pieces select g.gen, m.piece from made m;
        execute format(
            'update pub.%I set piece = (select s.piece from ops.pieces s inner join ops.generation_pieces x'
            ' on x.piece = s.piece where s.mart = $2 and x.gen = $1) where gen = $1', p_mart
        ) using g.gen, p_mart;
    end loop;
    execute format('alter table pub.%I alter column piece set not null', p_mart);
end $f$;

revoke all on all functions in schema ops from public;
