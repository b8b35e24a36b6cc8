-- What operators are told, each thing once: `key` names the thing and not the moment, so that whoever looks again finds
-- it told. `told_by` are the channels that took it; one that failed is tried again until `not_after`. Texts hold no
-- customer's data and no secret.
create table if not exists ops.alerts (
    key text primary key,
    kind text not null,
    title_en text not null,
    title_zh text not null,
    seen text not null,
    next_en text not null,
    next_zh text not null,
    runbook text not null,
    noted_at timestamptz not null,
    not_after timestamptz not null,
    told_by text [] not null default '{}',
    tries integer not null default 0,
    last_problem text,
    told_at timestamptz
);
alter table ops.alerts drop constraint if exists alerts_kind_check;
alter table ops.alerts add constraint alerts_kind_check check (
    kind in ('failed', 'late', 'held', 'drift', 'doubt', 'stale', 'unreachable')
);
grant select, insert on ops.alerts to guanxi_publisher;
grant update (told_by, tries, last_problem, told_at) on ops.alerts to guanxi_publisher;
