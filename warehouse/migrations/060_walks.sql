-- How far the walk through a live system's records has come. The rows read so far wait in schema spool_<source>;
-- both are gone once they are merged. `state` is what the system needs to go on after the last page.
create table if not exists ops.walks (
    source text not null,
    dataset text not null,
    walk text not null check (walk in ('records', 'deleted', 'keys')),
    as_of date not null,
    fingerprint text not null,
    since timestamptz,
    state jsonb,
    is_done boolean not null default false,
    system_began_at timestamptz,
    page_count bigint not null default 0,
    record_count bigint not null default 0,
    noted_at timestamptz not null default now(),
    primary key (source, dataset, walk)
);
grant select, insert, update, delete on ops.walks to guanxi_loader;
grant select on ops.walks to guanxi_checker;
