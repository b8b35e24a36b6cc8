-- What was published of the churn scores, for ever: a night that is pruned or built anew leaves here what people saw of
-- it, so that what came of a score can be held against the score itself (decision 0051).

-- One row per publication: a further attempt of a night that was live already publishes its generation once more.
create table if not exists ops.score_publications (
    gen bigint not null references ops.runs (gen),
    attempt integer not null,
    as_of date not null,
    rows_count bigint not null,
    published_at timestamptz not null default now(),
    primary key (gen, attempt)
);
create index if not exists score_publications_by_day on ops.score_publications (as_of, gen, attempt);

create table if not exists ops.score_ledger (
    gen bigint not null,
    attempt integer not null,
    account_id text not null,
    method_code text not null,
    model_id text not null,
    churn_probability double precision,
    churn_percentile double precision,
    band_code text,
    expected_loss_amount numeric,
    net_revenue_365d_amount numeric,
    margin_at_risk_amount numeric,
    feature_coverage_rate double precision,
    reason_1_code text,
    reason_1_value double precision,
    reason_1_peer_value double precision,
    reason_1_change_90d_value double precision,
    reason_2_code text,
    reason_2_value double precision,
    reason_2_peer_value double precision,
    reason_2_change_90d_value double precision,
    reason_3_code text,
    reason_3_value double precision,
    reason_3_peer_value double precision,
    reason_3_change_90d_value double precision,
    protection_1_code text,
    protection_1_value double precision,
    protection_1_peer_value double precision,
    protection_1_change_90d_value double precision,
    protection_2_code text,
    protection_2_value double precision,
    protection_2_peer_value double precision,
    protection_2_change_90d_value double precision,
    as_of_date date not null,
    primary key (gen, attempt, account_id),
    foreign key (gen, attempt) references ops.score_publications (gen, attempt)
);
alter table ops.score_ledger add column if not exists play_code text;
comment on table ops.score_ledger is
'One row per publication and account: the score as it was published. Rows are added and never changed.';

create or replace function ops.refuse_to_change() returns trigger
language plpgsql set search_path = pg_catalog as $f$
begin
    raise exception '% keeps what was published: its rows are never changed or deleted', tg_table_name
        using hint = 'publish a further night; the newest publication of a day is what readers see';
end $f$;

do $do$
declare
    t text;
begin
    foreach t in array array['score_publications', 'score_ledger'] loop
        execute format('drop trigger if exists %s_is_kept on ops.%1$I', t);
        execute format(
            'create trigger %s_is_kept before update or delete or truncate on ops.%1$I'
            ' for each statement execute function ops.refuse_to_change()', t
        );
    end loop;
end $do$;
-- the owner keeps its rights on the publications: PostgreSQL looks at them in its name when a score is added
revoke update, delete, truncate on ops.score_ledger from guanxi_owner;

-- What each account's manager was told to do; nothing while no night has had actions.
create or replace function ops.plays_of(p_gen bigint) returns table (account_id text, play_code text)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_account_next_actions') is not null then
        return query
        select a.account_id, a.play_code from pub.fct_account_next_actions a where a.gen = p_gen;
    end if;
end $f$;

-- Called by ops.publish inside its transaction, after the generation's rows lie in pub. A past day that is built anew is
-- no publication.
create or replace function ops.record_scores(p_gen bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog as $f$
declare
    r ops.runs;
    recorded bigint;
begin
    select * into r from ops.runs x where x.gen = p_gen;
    if r.is_backfill or to_regclass('pub.fct_churn_scores') is null then
        return 0;
    end if;
    select count(*) into recorded from pub.fct_churn_scores s where s.gen = p_gen;
    insert into ops.score_publications (gen, attempt, as_of, rows_count) values (p_gen, r.attempt, r.as_of, recorded);
    insert into ops.score_ledger (
        gen, attempt,
        account_id, method_code, model_id, churn_probability, churn_percentile, band_code, expected_loss_amount,
        net_revenue_365d_amount, margin_at_risk_amount, feature_coverage_rate, reason_1_code, reason_1_value,
        reason_1_peer_value, reason_1_change_90d_value, reason_2_code, reason_2_value, reason_2_peer_value,
        reason_2_change_90d_value, reason_3_code, reason_3_value, reason_3_peer_value, reason_3_change_90d_value,
        protection_1_code, protection_1_value, protection_1_peer_value, protection_1_change_90d_value,
        protection_2_code, protection_2_value, protection_2_peer_value, protection_2_change_90d_value, play_code,
        as_of_date
    )
    select
        p_gen, r.attempt,
        s.account_id, s.method_code, s.model_id, s.churn_probability, s.churn_percentile, s.band_code,
        s.expected_loss_amount, s.net_revenue_365d_amount, s.margin_at_risk_amount, s.feature_coverage_rate,
        s.reason_1_code, s.reason_1_value, s.reason_1_peer_value, s.reason_1_change_90d_value, s.reason_2_code,
        s.reason_2_value, s.reason_2_peer_value, s.reason_2_change_90d_value, s.reason_3_code, s.reason_3_value,
        s.reason_3_peer_value, s.reason_3_change_90d_value, s.protection_1_code, s.protection_1_value,
        s.protection_1_peer_value, s.protection_1_change_90d_value, s.protection_2_code, s.protection_2_value,
        s.protection_2_peer_value, s.protection_2_change_90d_value, p.play_code, s.as_of_date
    from pub.fct_churn_scores s
    left join ops.plays_of(p_gen) p on s.account_id = p.account_id
    where s.gen = p_gen;
    return recorded;
end $f$;

-- Of each day its newest publication, so an account stands once in a day, with the model that judged it then.
create or replace view bi.fct_churn_score_history as
select
    l.account_id || '|' || newest.as_of as score_key,
    l.gen,
    l.account_id,
    l.method_code,
    l.model_id,
    l.churn_probability,
    l.churn_percentile,
    l.band_code,
    l.expected_loss_amount,
    l.net_revenue_365d_amount,
    l.margin_at_risk_amount,
    l.feature_coverage_rate,
    l.reason_1_code,
    l.reason_1_value,
    l.reason_1_peer_value,
    l.reason_1_change_90d_value,
    l.reason_2_code,
    l.reason_2_value,
    l.reason_2_peer_value,
    l.reason_2_change_90d_value,
    l.reason_3_code,
    l.reason_3_value,
    l.reason_3_peer_value,
    l.reason_3_change_90d_value,
    l.protection_1_code,
    l.protection_1_value,
    l.protection_1_peer_value,
    l.protection_1_change_90d_value,
    l.protection_2_code,
    l.protection_2_value,
    l.protection_2_peer_value,
    l.protection_2_change_90d_value,
    newest.published_at,
    newest.as_of as as_of_date,
    l.play_code
from (
    select distinct on (p.as_of) p.as_of, p.gen, p.attempt, p.published_at
    from ops.score_publications as p
    order by p.as_of, p.gen desc, p.attempt desc
) as newest
inner join ops.score_ledger as l on newest.gen = l.gen and newest.attempt = l.attempt;
comment on view bi.fct_churn_score_history is
'One row per account and day on which it was scored, from the newest publication of that day.';

grant select on bi.fct_churn_score_history
to guanxi_reader, guanxi_contact_reader, guanxi_checker, guanxi_scorer, guanxi_mailer, guanxi_publisher;
grant select on ops.score_publications to guanxi_scorer;
revoke all on function ops.record_scores (bigint), ops.plays_of (bigint), ops.refuse_to_change () from public;
