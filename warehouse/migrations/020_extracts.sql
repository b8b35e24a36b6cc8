-- What each extract read and made of it, and where the next one goes on.

-- One row an entity, extract and attempt. A loaded extract accounts for every row it read.
create table if not exists ops.extracts (
    gen bigint not null references ops.runs (gen) on delete cascade,
    attempt integer not null,
    source text not null,
    entity text not null,
    dataset text not null,
    as_of date not null,
    is_full boolean not null,
    state text not null,
    extracted_count bigint not null default 0,
    new_count bigint not null default 0,
    changed_count bigint not null default 0,
    unchanged_count bigint not null default 0,
    quarantined_count bigint not null default 0,
    deleted_count bigint not null default 0,
    held_back_count bigint not null default 0,
    problem text,
    seconds numeric not null,
    noted_at timestamptz not null default now(),
    primary key (gen, attempt, source, entity),
    constraint every_row_is_accounted_for check (
        state <> 'loaded'
        or extracted_count = new_count + changed_count + unchanged_count + quarantined_count
    )
);
alter table ops.extracts add column if not exists deleted_count bigint not null default 0;
-- the day of the newest event among the rows that were read, where the entity's contract names one
alter table ops.extracts add column if not exists newest_event_date date;
-- carried: the source gave nothing, and what it gave last stands for this night; `problem` says why
alter table ops.extracts drop constraint if exists extracts_state_check;
alter table ops.extracts add constraint extracts_state_check check (
    state in ('loaded', 'failed', 'skipped', 'carried')
);
create index if not exists extracts_of_a_source on ops.extracts (source, as_of);
grant select, insert, update, delete on ops.extracts to guanxi_loader;
grant select on ops.extracts to guanxi_transformer, guanxi_checker, guanxi_publisher, guanxi_mailer;

-- Up to which day each source had been read for a night, and where it gave nothing, what the newest extract said.
create or replace view ops.source_nights as
select
    r.gen, r.as_of, s.source, s.rank, s.holds_mails, delivered.delivered_through,
    r.as_of - delivered.delivered_through as stale_days, newest.state, newest.problem
from ops.runs as r
cross join ops.sources as s
left join lateral (
    select max(e.as_of) as delivered_through from ops.extracts as e
    where e.source = s.source and e.as_of <= r.as_of and e.state = 'loaded'
) as delivered on true
left join lateral (
    select e.state, e.problem from ops.extracts as e
    where e.gen = r.gen and e.source = s.source
    order by e.noted_at desc, e.attempt desc
    limit 1
) as newest on true
where not r.is_backfill;
grant select on ops.source_nights to guanxi_checker, guanxi_publisher;

-- How far a dataset of a database has been read, one row a day it was read on: a day's extract that runs again
-- starts where the day before had ended.
create table if not exists ops.cursors (
    source text not null,
    dataset text not null,
    as_of date not null,
    gen bigint not null,
    watermark text,
    fingerprint text not null,
    noted_at timestamptz not null default now(),
    primary key (source, dataset, as_of)
);
grant select, insert, update, delete on ops.cursors to guanxi_loader;
grant select on ops.cursors to guanxi_checker;

-- Which files have been read, one row a day they were read on. first_held_back is the first day for which the
-- file has rows that were still to come then.
create table if not exists ops.files (
    source text not null,
    dataset text not null,
    name text not null,
    as_of date not null,
    gen bigint not null,
    sha256 text not null,
    fingerprint text not null,
    row_count bigint not null,
    held_back_count bigint not null,
    first_held_back date,
    noted_at timestamptz not null default now(),
    primary key (source, dataset, name, as_of)
);
grant select, insert, update, delete on ops.files to guanxi_loader;
grant select on ops.files to guanxi_checker;

-- Every column that a dataset has ever shown, with the day it was first seen on. `is_news`: nobody had mapped it, and
-- the source had been loaded without it before, or its mapping lists the columns it expects.
create table if not exists ops.source_columns (
    source text not null,
    dataset text not null,
    name text not null,
    as_of date not null,
    gen bigint not null,
    is_news boolean not null,
    noted_at timestamptz not null default now(),
    primary key (source, dataset, name)
);
grant select, insert, delete on ops.source_columns to guanxi_loader;
grant select on ops.source_columns to guanxi_checker, guanxi_publisher, guanxi_transformer;

-- Rows that are in no table because a rule refused them. They are the source's own rows, so they hold what the
-- source holds, names and addresses too.
create table if not exists quarantine.rows (
    gen bigint not null,
    attempt integer not null,
    source text not null,
    entity text not null,
    rule text not null,
    record_id text,
    "row" jsonb,
    seen text,
    noted_at timestamptz not null default now()
);
create index if not exists rows_of_a_night on quarantine.rows (gen, source, entity);
grant select, insert, delete on quarantine.rows to guanxi_loader;
grant select, insert, delete on quarantine.rows to guanxi_checker;
