-- What the operator's page tells of a night that lies behind rights of others: shapes of refused values, and what the
-- marts of a generation say of its model. Called by the publisher, who reads neither quarantine nor schema pub.

-- The shape of a value: each digit is 9, each sign that is no plain punctuation is x. The list names what stays, so a
-- letter of any script is gone, whatever the collation calls a letter.
create or replace function ops.shape_of(p_value text) returns text
language sql immutable parallel safe set search_path = pg_catalog as $f$
    select case
        when p_value is null then null
        when length(p_value) > 24 then left(masked, 24) || '…'
        else masked
    end
    from (
        select translate(
            regexp_replace(left(p_value, 24), '[^0-9 .,:;/()_+-]', 'x', 'g'), '0123456789', '9999999999'
        ) as masked
    ) as shaped
$f$;

-- The first refused rows of each rule of a night: which record, by a digest of its key, and the shape of what was seen.
create or replace function ops.quarantine_samples(p_gen bigint, p_each integer)
returns table (source text, entity text, rule text, key_digest text, seen_shape text)
language sql stable security definer set search_path = pg_catalog as $f$
    select s.source, s.entity, s.rule, s.key_digest, s.seen_shape
    from (
        select
            q.source, q.entity, q.rule,
            left(encode(sha256(convert_to(concat_ws('|', q.source, q.entity, q.record_id), 'UTF8')), 'hex'), 10)
                as key_digest,
            ops.shape_of(q.seen) as seen_shape,
            row_number() over (
                partition by q.source, q.entity, q.rule order by q.record_id nulls last, q.noted_at
            ) as place
        from quarantine.rows q
        where q.gen = p_gen
    ) as s
    where s.place <= p_each
    order by s.source, s.entity, s.rule, s.place
$f$;

-- What came of the scores of former months, as a generation tells it; nothing when its rows are gone.
create or replace function ops.outcomes_of(p_gen bigint)
returns table (
    month_date date, model_id text, accounts_count bigint, churned_count bigint, predicted_rate double precision,
    realised_rate double precision, realised_low_rate double precision, realised_high_rate double precision,
    capacity_count bigint, precision_at_capacity_rate double precision, is_enough boolean
)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_churn_outcomes') is null then
        return;
    end if;
    return query
    select
        o.month_date, o.model_id, o.accounts_count, o.churned_count, o.predicted_rate, o.realised_rate,
        o.realised_low_rate, o.realised_high_rate, o.capacity_count, o.precision_at_capacity_rate, o.is_enough
    from pub.fct_churn_outcomes o
    where o.gen = p_gen and o.group_kind = 'all'
    order by o.month_date, o.model_id;
end $f$;

-- What differs from before in the scores of a generation.
create or replace function ops.drift_of(p_gen bigint)
returns table (
    drift_kind text, feature_code text, drift_value double precision, limit_value double precision, text_en text,
    text_zh text, model_id text
)
language plpgsql stable security definer set search_path = pg_catalog as $f$
begin
    if to_regclass('pub.fct_churn_drift') is null then
        return;
    end if;
    return query
    select d.drift_kind, d.feature_code, d.drift_value, d.limit_value, d.text_en, d.text_zh, d.model_id
    from pub.fct_churn_drift d
    where d.gen = p_gen and d.is_drifting
    order by d.drift_value / nullif(d.limit_value, 0) desc nulls last, d.drift_kind, d.feature_code;
end $f$;

revoke all on function
ops.shape_of (text), ops.quarantine_samples (bigint, integer), ops.outcomes_of (bigint), ops.drift_of (bigint)
from public;
grant execute on function
ops.quarantine_samples (bigint, integer), ops.outcomes_of (bigint), ops.drift_of (bigint) to guanxi_publisher;
