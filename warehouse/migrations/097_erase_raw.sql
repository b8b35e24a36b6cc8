-- Erasing one person from schema raw, every version. The rows stay: the id becomes a pseudonym, who it was becomes
-- null, what the person wrote becomes a digest under the key. The hashes are made anew, as the loader makes them.

-- What tells a person apart: addresses that nobody else has, and names. is_far: looked for in every record; a name that
-- others have too, or that is short, is looked for only in records of the person's own accounts.
create or replace function ops.person_values(p_source text, p_contact_id text)
returns table (value text, is_name boolean, is_far boolean)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('raw.contacts') is null then
        return;
    end if;
    return query
    with own as (
        select distinct v.value, v.is_name from raw.contacts c
        cross join lateral (values (c.contact_name, true), (c.email, false), (c.phone, false)) as v (value, is_name)
        where c.source = p_source and c.contact_id = p_contact_id
            -- what is short stands in other words too
            and length(v.value) >= case when not v.is_name then 6 when v.value ~ '[^ -~]' then 2 else 4 end
    ),
    judged as (
        select o.value, o.is_name,
            exists (
                select from raw.contacts x where (x.source, x.contact_id) <> (p_source, p_contact_id)
                    and o.value in (x.contact_name, x.email, x.phone)
            ) or exists (select from raw.accounts a where o.value in (a.account_name, a.phone))
            or exists (select from raw.account_managers m where o.value in (m.account_manager_name, m.email))
                as is_shared
        from own o
    )
    select j.value, j.is_name,
        not j.is_shared and (not j.is_name or length(j.value) >= case when j.value ~ '[^ -~]' then 3 else 6 end)
    from judged j where j.is_name or not j.is_shared;
end $f$;

create or replace function ops.names_any(p_texts text[], p_values text[]) returns boolean
language sql immutable set search_path = pg_catalog as $f$
    select exists (select from unnest(p_texts) t cross join unnest(p_values) v where strpos(t, v) > 0)
$f$;

create or replace function ops.without(p_text text, p_values text[], p_pseudonym text) returns text
language plpgsql immutable set search_path = pg_catalog as $f$
declare
    v text;
begin
    foreach v in array p_values loop
        p_text := replace(p_text, v, p_pseudonym);
    end loop;
    return p_text;
end $f$;

-- The hash that the loader gives to a row of this entity, of all its columns: those without a value do not count.
create or replace function ops.content_hash_sql(p_entity text) returns text
language sql stable set search_path = pg_catalog as $f$
    select 'md5(concat_ws(''|'', ' || string_agg(format('%L || %s', a.attname || '=', case a.atttypid
        when 'text'::regtype then format('quote_literal(t.%I)', a.attname)
        when 'numeric'::regtype then format('trim_scale(t.%I)::text', a.attname)
        when 'timestamptz'::regtype then format('(t.%I at time zone ''UTC'')::text', a.attname)
        else format('t.%I::text', a.attname)
    end), ', ' order by a.attname collate "C") || '))'
    from pg_attribute a
    where a.attrelid = format('raw.%I', p_entity)::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('source', 'record_id', 'content_hash', 'known_at', 'gen', 'is_deleted')
$f$;

-- Which texts of the person's records stand in a colleague's too, as the note of a meeting does, and in nobody else's.
create or replace function ops.texts_with_copies(p_entity text, p_words text[], p_source text, p_id text, p_accounts text[])
returns text[]
language plpgsql stable set search_path = pg_catalog as $f$
declare
    found text[];
begin
    execute format(
        'with texts as (select w.word, t.contact_id = $2 as is_own, t.account_id = any($3) as is_near'
        ' from raw.%I t cross join lateral unnest(array[%s]::text[]) as w (word) where t.source = $1 and w.word <> '''')'
        ' select array_agg(word) from (select word from texts where word in (select word from texts where is_own)'
        ' group by word having bool_or(is_own is not true) and bool_and(is_near or is_own)) x',
        p_entity, (select string_agg(format('t.%I', w), ', ') from unnest(p_words) w)
    ) into found using p_source, p_id, p_accounts;
    return coalesce(found, '{}');
end $f$;

create or replace function ops.erase_raw(
    p_source text, p_id text, p_pseudonym text, p_near text[], p_far text[]
) returns table (place text, row_count bigint)
language plpgsql security definer set search_path = pg_catalog set datestyle = 'ISO, YMD' as $f$
declare
    e record;
    accounts text[];
    copies text[];
    near text;
    words text;
    sets text;
    is_subject text;
    is_reference text;
begin
    select coalesce(array_agg(distinct c.account_id), '{}') into accounts
    from raw.contacts c where c.source = p_source and c.contact_id = p_id and c.account_id is not null;
    create temp table erased_words (old_digest text, new_digest text) on commit drop;
    for e in
        select p.entity,
            coalesce(array_agg(p.column_name order by a.attnum) filter (where p.part = 'subject'), '{}') as subjects,
            coalesce(array_agg(p.column_name order by a.attnum) filter (where p.part = 'reference'), '{}') as refs,
            coalesce(array_agg(p.column_name order by a.attnum) filter (where p.part = 'identity'), '{}') as identity,
            coalesce(array_agg(p.column_name order by a.attnum) filter (where p.part = 'words'), '{}') as words,
            exists (select from pg_attribute x where x.attrelid = a.attrelid and x.attname = 'account_id') as has_account
        from ops.person_columns p
        join pg_attribute a on a.attrelid = to_regclass(format('raw.%I', p.entity)) and a.attname = p.column_name
        group by p.entity, a.attrelid order by p.entity
    loop
        is_subject := coalesce(
            (select '(t.source = $1 and (' || string_agg(format('t.%I = $2', c), ' or ') || '))' from unnest(e.subjects) c),
            'false');
        is_reference := coalesce(
            (select '(t.source = $1 and (' || string_agg(format('t.%I = $2', c), ' or ') || '))' from unnest(e.refs) c),
            'false');
        near := case when e.has_account then '(t.source = $1 and t.account_id = any($6))' else 'false' end;
        words := (select string_agg(format('t.%I::text', c), ', ') from unnest(e.words || 'extra'::text) c);
        copies := case when e.has_account and e.subjects <> '{}' and e.words <> '{}'
            then ops.texts_with_copies(e.entity, e.words, p_source, p_id, accounts) else '{}' end;
        execute format(
            'create temp table erasing on commit drop as'
            ' select t.source, t.record_id, t.known_at, coalesce(%1$s, false) as is_subject, array[%2$s] as old,'
            ' (select array_agg(case when %1$s and n <= %3$s then ops.erased_text(w) when %1$s then null'
            '   when %4$s and w = any($7) then ops.erased_text(w) when %4$s then ops.without(w, $4, $3)'
            '   else ops.without(w, $5, $3) end order by n) from unnest(array[%2$s]) with ordinality as u (w, n)) as new'
            ' from raw.%5$I t where %1$s or %6$s or (%4$s and (ops.names_any(array[%2$s], $4) or array[%2$s] && $7))'
            ' or ops.names_any(array[%2$s], $5)',
            is_subject, words, cardinality(e.words), near, e.entity, is_reference
        ) using p_source, p_id, p_pseudonym, p_near, p_far, accounts, copies;
        insert into ops.erased_texts (text_digest, replacement)
        select distinct on (u.old) ops.keyed_digest('text|' || u.old), u.new
        from pg_temp.erasing x cross join lateral unnest(x.old, x.new) as u (old, new)
        where not x.is_subject and u.old <> u.new
        on conflict (text_digest) do update set replacement = excluded.replacement;
        insert into pg_temp.erased_words
        select distinct md5(o.words), md5(n.words) from pg_temp.erasing x
        cross join lateral (
            select i, x.old[i] as words from generate_series(1, cardinality(e.words)) i
            union all select 0, array_to_string(x.old[1:cardinality(e.words)], chr(10))
        ) as o
        inner join lateral (
            select i, x.new[i] as words from generate_series(1, cardinality(e.words)) i
            union all select 0, array_to_string(x.new[1:cardinality(e.words)], chr(10))
        ) as n using (i)
        where o.words <> '' and o.words <> n.words;
        sets := concat_ws(', ',
            (select string_agg(format('%1$I = case when t.source = $1 and t.%1$I = $2 then $3 else t.%1$I end', c), ', ')
                from unnest(e.subjects || e.refs) c),
            (select string_agg(format('%1$I = case when e.is_subject then null else t.%1$I end', c), ', ')
                from unnest(e.identity) c),
            (select string_agg(format('%I = e.new[%s]', c, n), ', ') from unnest(e.words) with ordinality as u (c, n)),
            format('extra = e.new[%s]::jsonb', cardinality(e.words) + 1));
        execute format(
            'update raw.%I t set %s from pg_temp.erasing e'
            ' where t.source = e.source and t.record_id = e.record_id and t.known_at = e.known_at', e.entity, sets
        ) using p_source, p_id, p_pseudonym;
        place := 'raw.' || e.entity;
        get diagnostics row_count = row_count;
        execute format(
            'update raw.%I t set content_hash = case when t.content_hash = ''deleted'' then t.content_hash else %s end,'
            ' record_id = case when e.is_subject and %s then $1 else t.record_id end from pg_temp.erasing e'
            ' where t.source = e.source and t.record_id = e.record_id and t.known_at = e.known_at',
            e.entity, ops.content_hash_sql(e.entity), case when e.entity = 'contacts' then 'true' else 'false' end
        ) using p_pseudonym;
        drop table pg_temp.erasing;
        return next;
    end loop;
end $f$;
