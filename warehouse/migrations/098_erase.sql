-- Erasing one person from what was built of raw, from what nights noted, and all of it in one transaction.

-- The tables of schema pub and of every build that name persons or hold their words, by the names of the columns.
create or replace function ops.built_person_tables()
returns table (
    relation regclass, schema_name name, table_name name, subjects text[], refs text[], identity text[], words text[],
    others text[], has_source boolean
)
language sql stable set search_path = pg_catalog as $f$
    with texts as (
        select c.oid, n.nspname, c.relname, a.attname::text as col,
            case
                when a.attname in ('contact_id', 'contact_key') then 'subject'
                when a.attname ~ '_contact_(id|key)$' then 'reference'
                when a.attname ~ '^reports_to_(id|key)$' then 'superior'
                else (select min(p.part) from ops.person_columns p
                    where p.column_name = a.attname and p.part in ('identity', 'words'))
            end as part,
            a.attnum
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind = 'r' and (n.nspname = 'pub' or n.nspname ~ '^build_[0-9]+_[0-9]+$')
            and a.atttypid in ('text'::regtype, 'varchar'::regtype)
    ),
    tables as (
        select oid, nspname, relname,
            coalesce(array_agg(col order by attnum) filter (where part = 'subject'), '{}') as subjects,
            coalesce(array_agg(col order by attnum) filter (where part in ('reference', 'superior')), '{}') as refs,
            coalesce(array_agg(col order by attnum) filter (where part = 'identity'), '{}') as identity,
            coalesce(array_agg(col order by attnum) filter (where part = 'words'), '{}') as words,
            coalesce(array_agg(col order by attnum) filter (where part is null), '{}') as others,
            bool_or(part = 'reference') as has_reference, bool_or(col = 'source') as has_source
        from texts group by oid, nspname, relname
    )
    -- a manager has superiors and an address too: these tables are not meant
    select oid::regclass, nspname, relname, subjects, refs, case when subjects = '{}' then '{}' else identity end, words,
        others, has_source
    from tables where subjects <> '{}' or coalesce(has_reference, false) or words <> '{}'
    order by nspname, relname
$f$;

-- Whether a column holds the person: a key is source|id, an id is the source's own.
create or replace function ops.holds_person(p_column text, p_has_source boolean) returns text
language sql immutable set search_path = pg_catalog as $f$
    select case when p_column ~ '_key$' then format('t.%I = $1 || ''|'' || $2', p_column)
        when p_has_source then format('(t.source = $1 and t.%I = $2)', p_column)
        else format('t.%I = $2', p_column) end
$f$;

create or replace function ops.erase_built(p_source text, p_id text, p_pseudonym text)
returns table (place text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    t record;
    is_subject text;
    sets text;
    touched text;
    gens bigint[];
    knows_texts boolean := exists (select from ops.erased_texts);
begin
    for t in select * from ops.built_person_tables() loop
        if not has_table_privilege(t.relation, 'update') then
            raise exception '%', t.schema_name using errcode = 'GX007';
        end if;
        is_subject := coalesce((select '(' || string_agg(ops.holds_person(c, t.has_source), ' or ') || ')'
            from unnest(t.subjects) c), 'false');
        touched := concat_ws(' or ', is_subject,
            (select string_agg(ops.holds_person(c, t.has_source), ' or ') from unnest(t.refs) c),
            case when knows_texts then
                (select string_agg(format('ops.replacement_of(t.%I) is not null', c), ' or ') from unnest(t.words) c) end);
        sets := concat_ws(', ',
            (select string_agg(format('%1$I = case when %2$s then %3$s else t.%1$I end', c, ops.holds_person(c, t.has_source),
                case when c ~ '_key$' then '$1 || ''|'' || $3' else '$3' end), ', ') from unnest(t.subjects || t.refs) c),
            (select string_agg(format('%1$I = case when %2$s then null else t.%1$I end', c, is_subject), ', ')
                from unnest(t.identity) c),
            (select string_agg(format('%1$I = case when %2$s then ops.erased_text(t.%1$I)'
                ' else coalesce(ops.replacement_of(t.%1$I), t.%1$I) end', c, is_subject), ', ') from unnest(t.words) c),
            -- a key that begins with the person's
            (select string_agg(format('%1$I = case when %2$s and starts_with(t.%1$I, $1 || ''|'' || $2 || ''|'')'
                ' then $1 || ''|'' || $3 || substr(t.%1$I, length($1 || ''|'' || $2) + 1) else t.%1$I end', c, is_subject),
                ', ') from unnest(t.others) c where is_subject <> 'false'));
        execute format(
            'with changed as (update %s t set %s where %s returning %s) select count(*), array_agg(distinct gen) from changed',
            t.relation, sets, touched, case
                when t.schema_name <> 'pub' then 'null::bigint as gen'
                when ops.pieces_by(t.table_name) is null then 't.gen'
                else 't.piece as gen'
            end
        ) into row_count, gens using p_source, p_id, p_pseudonym;
        continue when row_count = 0;
        place := case when t.schema_name = 'pub' then 'pub.' else 'build.' end || t.table_name;
        if t.schema_name = 'pub' and ops.pieces_by(t.table_name) is null then
            perform ops.measure_again(t.table_name, gens);
        elsif t.schema_name = 'pub' then
            perform ops.measure_pieces_again(t.table_name, gens);
        else  -- a build that was audited and is not published yet
            perform ops.audit_pieces_of(r.gen, t.schema_name, t.table_name, r.as_of)
            from ops.runs r
            where r.build_schema = t.schema_name and r.state = 'audited' and ops.pieces_by(t.table_name) is not null;
            update ops.audit a set checksum = (select m.checksum from ops.measure(t.schema_name, t.table_name) m)
            where a.mart = t.table_name and a.gen in (
                select r.gen from ops.runs r where r.build_schema = t.schema_name and r.state = 'audited'
            );
        end if;
        return next;
    end loop;
end $f$;

-- The checksums of kept generations, after an erasure: a rollback and a comparison find what is there now.
create or replace function ops.measure_again(p_mart text, p_gens bigint[]) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    execute format(
        'update ops.audit a set checksum = m.checksum from (select gen,'
        ' sum(hashtextextended(row(%s)::text, 0)::numeric) as checksum from pub.%I where gen = any($1) group by gen) m'
        ' where a.gen = m.gen and a.mart = $2'
        -- else the audit is of the next attempt''s build
        ' and not exists (select from ops.runs r where r.gen = a.gen and r.state = ''audited'')', ops.mart_columns(p_mart), p_mart
    ) using p_gens, p_mart;
end $f$;

-- The same of marts that lie in pieces.
create or replace function ops.measure_pieces_again(p_mart text, p_pieces bigint[]) returns void
language plpgsql security definer set search_path = pg_catalog as $f$
begin
    execute format(
        'update ops.pieces s set checksum = m.checksum from (select piece,'
        ' sum(hashtextextended(row(%s)::text, 0)::numeric) as checksum from pub.%I where piece = any($1) group by piece) m'
        -- what was kept before there were pieces is shared by nobody
        ' where s.piece = m.piece and s.month < ''infinity''', ops.mart_columns(p_mart), p_mart
    ) using p_pieces;
    update ops.audit a set checksum = m.checksum
    from (
        select g.gen, sum(s.checksum) as checksum
        from ops.generation_pieces g inner join ops.pieces s on s.piece = g.piece
        where s.mart = p_mart and s.month < 'infinity'
        group by g.gen
        having bool_or(s.piece = any(p_pieces))
    ) m
    where a.gen = m.gen and a.mart = p_mart
        and not exists (select from ops.runs r where r.gen = a.gen and r.state = 'audited');
end $f$;

-- Refused rows, what stages said of them, and what texts were read to be about.
create or replace function ops.erase_notes(p_source text, p_id text, p_pseudonym text, p_near text[], p_far text[])
returns table (place text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    n record;
    -- the id where samples of refused records are told: (e.g. A, B, C)
    sample text := '(\(e\.g\. (?:[^)]*, )?)' || regexp_replace(p_id, '([^[:alnum:]])', '\\\1', 'g') || '(?=[,)])';
begin
    update quarantine.rows q set
        record_id = case when q.record_id = p_id then p_pseudonym else q.record_id end, "row" = null, seen = null
    where (
        q.source = p_source and q.entity in (select p.entity from ops.person_columns p where p.part in ('subject', 'reference'))
        and (
            (q.record_id = p_id and q.entity = 'contacts')
            or (jsonb_typeof(q."row") = 'object' and exists (select from jsonb_each_text(q."row") as v where v.value = p_id))
        )
    ) or (
        jsonb_typeof(q."row") = 'object' and exists (
            select from jsonb_each_text(q."row") as v
            where ops.names_any(array[v.value], case when q.source = p_source then p_near else p_far end)
        )
    );
    place := 'quarantine.rows';
    get diagnostics row_count = row_count;
    return next;
    for n in select * from (
        values ('extracts', 'problem'), ('stage_runs', 'note'), ('runs', 'note'),
            ('feedback', 'note'), ('feedback_documents', 'refusals')
    ) as x (tab, col) loop
        execute format(
            'update ops.%1$I t set %2$I = regexp_replace(ops.without(t.%2$I, $4, $3), $1, ''\1'' || $3, ''g'')'
            ' where t.%2$I ~ $1 or ops.names_any(array[t.%2$I], $4)', n.tab, n.col
        ) using sample, p_id, p_pseudonym, p_far;
        place := 'ops.' || n.tab;
        get diagnostics row_count = row_count;
        return next;
    end loop;
    -- a text keeps its themes under the digest of what stands in its place
    insert into ops.read_texts select w.new_digest, min(r.reader_version)
    from pg_temp.erased_words w join ops.read_texts r on r.text_digest = w.old_digest group by 1 on conflict do nothing;
    insert into ops.text_themes select w.new_digest, t.theme_code, max(t.score), min(t.phrase)
    from pg_temp.erased_words w join ops.text_themes t on t.text_digest = w.old_digest group by 1, 2
    on conflict do nothing;
    insert into ops.text_names select distinct w.new_digest, t.name
    from pg_temp.erased_words w join ops.text_names t on t.text_digest = w.old_digest on conflict do nothing;
    -- should another record hold the very same text, the next night reads it once more
    delete from ops.text_themes t using pg_temp.erased_words w where t.text_digest = w.old_digest;
    delete from ops.text_names t using pg_temp.erased_words w where t.text_digest = w.old_digest;
    delete from ops.read_texts t using pg_temp.erased_words w where t.text_digest = w.old_digest;
    place := 'ops.read_texts';
    get diagnostics row_count = row_count;
    return next;
end $f$;

-- A night that is at work, or null. Whoever has locked the claims before knows that none begins to write meanwhile.
create or replace function ops.night_at_work() returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select r.run_id from pg_locks l join ops.runs r on r.gen = l.objid::bigint
    where l.locktype = 'advisory' and l.granted and l.classid::bigint = 20531 and l.objsubid = 2
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
    limit 1
$f$;

-- The sources that know a contact of this id, or have had one erased.
create or replace function ops.sources_of_contact(p_contact_id text, p_key text) returns setof text
language plpgsql volatile security definer set search_path = pg_catalog as $f$
begin
    perform ops.use_erasures('', p_key);
    return query
    select distinct c.source from raw.contacts c where c.contact_id = p_contact_id
    union select e.source from ops.erasures e where e.contact_digest = ops.person_digest(e.source, p_contact_id)
    order by 1;
end $f$;

create or replace function ops.erased_on(p_source text, p_contact_id text, p_key text) returns date
language plpgsql volatile security definer set search_path = pg_catalog as $f$
begin
    perform ops.use_erasures(p_source, p_key);
    return (
        select e.erased_at::date from ops.erasures e
        where e.source = p_source and e.contact_digest = ops.person_digest(p_source, p_contact_id)
    );
end $f$;

-- p_also: what else names the person, as somebody who asks knows it; looked for everywhere.
create or replace function ops.erase_contact(
    p_source text, p_contact_id text, p_key text, p_by text, p_reason text, p_also text[] default '{}'
) returns table (place text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog set lock_timeout = '15s' as $f$
#variable_conflict use_column
declare
    known text;
    new_name text := 'erased-' || left(replace(gen_random_uuid()::text, '-', ''), 24);
    at_work text;
    near text[];
    far text[];
begin
    -- as open_run does: waits until no transaction holds a claim, and lets none take one until all is erased
    lock table ops.claims in exclusive mode;
    at_work := ops.night_at_work();
    if at_work is not null then
        raise exception '%', at_work using errcode = 'GX005';
    end if;
    perform ops.use_erasures(p_source, p_key);
    known := ops.pseudonym_of(p_source, p_contact_id);
    new_name := coalesce(known, new_name);
    select coalesce(array_agg(v.value order by length(v.value) desc), '{}'),
        coalesce(array_agg(v.value order by length(v.value) desc) filter (where v.is_far), '{}')
    into near, far
    from (
        select p.value, p.is_far from ops.person_values(p_source, p_contact_id) p union all select w, true from unnest(p_also) w
    ) v;
    create temp table reached on commit drop as
    select * from ops.erase_raw(p_source, p_contact_id, new_name, near, far);
    insert into pg_temp.reached
    select b.place, sum(b.row_count) from ops.erase_built(p_source, p_contact_id, new_name) b group by 1;
    insert into pg_temp.reached select * from ops.erase_notes(p_source, p_contact_id, new_name, near, far);
    if exists (select from pg_temp.reached r where r.row_count > 0) then
        insert into ops.erasures (source, contact_digest, key_check, pseudonym, erased_by, reason, counts)
        select p_source, ops.person_digest(p_source, p_contact_id), ops.keyed_digest(''), new_name, p_by, p_reason,
            jsonb_object_agg(r.place, r.row_count)
        from pg_temp.reached r where r.row_count > 0
        on conflict (source, contact_digest) do update set
            counts = excluded.counts, erased_at = now(), erased_by = excluded.erased_by, reason = excluded.reason;
    end if;
    return query select r.place, r.row_count::bigint from pg_temp.reached r where r.row_count > 0 order by 1;
end $f$;

revoke all on all functions in schema ops from public;
grant execute on function
ops.erase_contact (text, text, text, text, text, text []), ops.person_values (text, text), ops.night_at_work (),
ops.sources_of_contact (text, text), ops.erased_on (text, text, text) to guanxi_eraser;
