-- What the gates found: one row per promise of a night's stage. Figures only, never a value of a row.

create table if not exists ops.check_results (
    gen bigint not null references ops.runs (gen) on delete cascade,
    attempt integer not null,
    stage text not null check (stage in ('raw', 'marts', 'scores')),
    suite text not null,
    expectation text not null,
    severity text not null check (severity in ('critical', 'warning')),
    is_success boolean not null,
    observed text not null,
    expected text not null,
    description_en text not null,
    description_zh text not null,
    checked_at timestamptz not null default now(),
    primary key (gen, stage, suite, expectation)
);
comment on table ops.check_results is
'One row per promise, stage and night. observed and expected hold figures only, never a value of a row.';

-- which column or figure the promise is about; rows that broke it, and of how many, where it is about rows
alter table ops.check_results add column if not exists column_name text;
alter table ops.check_results add column if not exists failed_count bigint;
alter table ops.check_results add column if not exists checked_count bigint;

grant select, insert, delete on ops.check_results to guanxi_checker;
grant select on ops.check_results to guanxi_publisher, guanxi_mailer, guanxi_transformer;

-- What a reader may know of the night that is live: which promises it kept and which warnings it carries.
create or replace view bi.check_results as
select
    r.stage, r.suite, r.expectation, r.severity, r.is_success, r.observed, r.expected,
    r.description_en, r.description_zh, r.checked_at, p.as_of as as_of_date
from ops.check_results as r
inner join ops.published as p on r.gen = p.gen;
comment on view bi.check_results is 'One row per promise that the live night was checked for.';

grant select on bi.check_results
to guanxi_reader, guanxi_contact_reader, guanxi_checker, guanxi_scorer, guanxi_mailer, guanxi_publisher;
