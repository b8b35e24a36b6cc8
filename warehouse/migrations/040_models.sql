-- What has been learned: one row a training, a tested model or the rule that was chosen in its stead.
-- The files lie outside the database; file_sha256 is what binds a row to its file.

create table if not exists ops.models (
    model_id text primary key,
    kind text not null check (kind in ('model', 'rule')),
    as_of date not null,
    trained_at timestamptz not null default now(),
    file_sha256 text,
    features text [] not null,
    sklearn_version text not null,
    rule text check (rule in ('recency', 'frequency', 'overdue')),
    rule_slope double precision,
    rule_intercept double precision,
    metrics jsonb not null,
    best_rule text,
    beats_rule boolean,
    grade text check (grade in ('A', 'B', 'C')),
    note text not null,
    is_champion boolean not null default false,
    -- it was made champion when it was trained: what a night before the present champion is scored with
    was_champion boolean not null default false,
    check (kind <> 'model' or (file_sha256 is not null and rule is null)),
    check (kind <> 'rule' or (rule is not null and rule_slope is not null and rule_intercept is not null)),
    check (was_champion or not is_champion)
);

create unique index if not exists one_champion on ops.models (is_champion) where is_champion;

grant select, insert, update on ops.models to guanxi_scorer;
grant select on ops.models to guanxi_checker, guanxi_publisher;
