-- What readers may know of every night, the rejected ones above all: these are views of the ledger and not marts,
-- because a night that a gate stopped publishes nothing (decision 0035). Counts only, never a value of a row.

create or replace view bi.fct_data_quality_checks as
select
    r.gen || '|' || c.stage || '|' || c.suite || '|' || c.expectation as check_key,
    r.gen,
    c.stage,
    c.suite,
    regexp_replace(c.suite, '^(raw|marts|scores)_', '') as table_name,
    c.column_name,
    c.expectation,
    c.severity,
    c.is_success,
    not c.is_success and c.severity = 'critical' as is_blocking,
    c.failed_count,
    c.checked_count,
    c.observed,
    c.expected,
    c.description_en,
    c.description_zh,
    r.published_at is not null as is_published,
    c.checked_at,
    r.as_of as as_of_date
from ops.check_results as c
inner join ops.runs as r on c.gen = r.gen
where not r.is_backfill;
comment on view bi.fct_data_quality_checks is 'One row per promise and night, whatever became of the night.';

create or replace view bi.fct_quarantine_counts as
select
    r.gen || '|' || q.source || '|' || q.entity || '|' || q.rule as quarantine_key,
    r.gen,
    q.source,
    q.entity,
    q.rule,
    count(*) as rows_count,
    r.as_of as as_of_date
from quarantine.rows as q
inner join ops.runs as r on q.gen = r.gen
group by r.gen, q.source, q.entity, q.rule, r.as_of;
comment on view bi.fct_quarantine_counts is 'One row per night, source, entity and rule that refused rows.';

create or replace view bi.fct_source_freshness as
select
    n.gen || '|' || n.source as freshness_key,
    n.gen,
    n.source,
    n.rank as source_rank,
    n.state as extract_state,
    coalesce(n.stale_days > 0, true) as is_carried_forward,
    n.stale_days * 24 as staleness_hours,
    n.delivered_through as delivered_through_date,
    changes.newest_known_date,
    n.as_of as as_of_date,
    changes.newest_event_date
from ops.source_nights as n
left join lateral (
    select
        max(e.as_of) filter (where e.new_count + e.changed_count + e.deleted_count > 0) as newest_known_date,
        max(e.newest_event_date) as newest_event_date
    from ops.extracts as e
    where e.source = n.source and e.as_of <= n.as_of and e.state = 'loaded'
) as changes on true;
comment on view bi.fct_source_freshness is 'One row per night and source: how old what is known of it was.';

create or replace view bi.fct_entity_freshness as
select
    n.gen || '|' || n.source || '|' || e.entity as freshness_key,
    n.gen,
    n.source,
    e.entity,
    max(e.as_of) filter (where e.new_count + e.changed_count + e.deleted_count > 0) as newest_known_date,
    max(e.newest_event_date) as newest_event_date,
    n.as_of - max(e.newest_event_date) as event_age_days,
    n.as_of as as_of_date
from ops.source_nights as n
inner join ops.extracts as e on n.source = e.source and n.as_of >= e.as_of
where e.state = 'loaded'
group by n.gen, n.source, e.entity, n.as_of;
comment on view bi.fct_entity_freshness is
'One row per night, source and entity: how old the newest event was that is known of it.';

grant select on bi.fct_data_quality_checks, bi.fct_quarantine_counts, bi.fct_source_freshness, bi.fct_entity_freshness
to guanxi_reader, guanxi_contact_reader, guanxi_checker, guanxi_scorer, guanxi_mailer, guanxi_publisher;
