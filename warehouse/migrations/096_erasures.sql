-- Persons who were erased, and how the loader knows them again: by a digest under a key that is not in the database.

create table if not exists ops.erasures (
    source text not null,
    contact_digest bytea not null,
    -- the digest of nothing: tells a key that has changed
    key_check bytea not null,
    pseudonym text not null unique,
    erased_by text not null,
    reason text,
    counts jsonb not null,
    erased_at timestamptz not null default now(),
    primary key (source, contact_digest)
);
comment on table ops.erasures is
'One row per person who was erased: when, by whom and how many rows of each table, never who it was.';
grant select on ops.erasures to guanxi_eraser;

-- Texts of others that named the person, by their digest, and what stands in their place.
create table if not exists ops.erased_texts (
    text_digest bytea primary key,
    replacement text not null
);

-- HMAC-SHA256 under the key of this transaction: its two padded forms, 64 bytes each, in hexadecimal digits.
create or replace function ops.keyed_digest(p_text text) returns bytea
language sql stable set search_path = pg_catalog as $f$
    select sha256(
        decode(substr(current_setting('guanxi.erasure_key'), 129), 'hex')
        || sha256(decode(left(current_setting('guanxi.erasure_key'), 128), 'hex') || convert_to(p_text, 'UTF8'))
    )
$f$;

create or replace function ops.person_digest(p_source text, p_contact_id text) returns bytea
language sql stable set search_path = pg_catalog as $f$
    select ops.keyed_digest('contact|' || p_source || '|' || p_contact_id)
$f$;

-- What stands in the place of a text that an erased person wrote: the same for the same text, so that a record which
-- is read again unchanged is unchanged.
create or replace function ops.erased_text(p_text text) returns text
language sql stable set search_path = pg_catalog as $f$
    select case when p_text ~ '^erased-[0-9a-f]{24}$' or p_text = '' then p_text
        else 'erased-' || left(encode(ops.keyed_digest('text|' || p_text), 'hex'), 24) end
$f$;

-- Sets the key for this transaction; says how many persons of the source and how many texts are erased.
create or replace function ops.use_erasures(p_source text, p_key text, out persons bigint, out texts bigint)
language plpgsql volatile security definer set search_path = pg_catalog as $f$
begin
    perform set_config('guanxi.erasure_key', p_key, true);
    if exists (select 1 from ops.erasures e where e.key_check <> ops.keyed_digest('')) then
        raise exception 'persons were erased under another key' using errcode = 'GX004';
    end if;
    select count(*) into persons from ops.erasures e where e.source = p_source;
    select count(*) into texts from ops.erased_texts;
end $f$;

-- The pseudonym of a person who was erased, else null.
create or replace function ops.pseudonym_of(p_source text, p_contact_id text) returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select e.pseudonym from ops.erasures e
    where e.source = p_source and e.contact_digest = ops.person_digest(p_source, p_contact_id)
$f$;

-- What stands in the place of a text that named an erased person, else null.
create or replace function ops.replacement_of(p_text text) returns text
language sql stable security definer set search_path = pg_catalog as $f$
    select t.replacement from ops.erased_texts t where t.text_digest = ops.keyed_digest('text|' || p_text)
$f$;

revoke all on function
ops.keyed_digest (text), ops.person_digest (text, text), ops.erased_text (text), ops.use_erasures (text, text),
ops.pseudonym_of (text, text), ops.replacement_of (text) from public;
grant execute on function
ops.use_erasures (text, text), ops.pseudonym_of (text, text), ops.replacement_of (text), ops.erased_text (text),
ops.keyed_digest (text) to guanxi_loader;
