with states as (select * from {{ ref('int_account_states_dated') }}),

segments as (select * from {{ ref('policy_segments') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

restated as (select * from {{ ref('int_restatements_found') }}),

states_in_hand as (

    select states.*
    from states
    inner join snapshot_dates on states.snapshot_date = snapshot_dates.snapshot_date
    where {{ is_measured_anew('snapshot_dates', 'states.account_id', 'restated') }}

),

in_rules as (

    select
        states.account_id,
        segments.segment_code,
        'rule' as kind,
        states.net_revenue_365d_amount,
        states.is_current,
        states.snapshot_date
    from states_in_hand as states
    inner join segments
        on
            {{ rule_allows('segments.industry', 'states.industry') }}
            and {{ rule_allows('segments.size_band', 'states.size_band') }}
            and {{ rule_allows('segments.region', 'states.region') }}
            and {{ rule_allows('segments.contract_mode', 'states.contract_mode') }}
            and {{ rule_allows('segments.stage_code', 'states.stage_code') }}
            and {{ rule_allows('segments.abc_class', 'states.abc_class') }}
            and {{ rule_allows('segments.rfm_segment_code', 'states.rfm_segment_code') }}
            and states.net_revenue_365d_amount
            >= coalesce(segments.revenue_365d_minimum, states.net_revenue_365d_amount)
            and (
                segments.revenue_365d_maximum is null
                or states.net_revenue_365d_amount < segments.revenue_365d_maximum
            )
            and states.order_days_365d_count
            >= coalesce(segments.order_days_365d_minimum, states.order_days_365d_count)
            and (
                segments.order_days_365d_maximum is null
                or states.order_days_365d_count < segments.order_days_365d_maximum
            )

),

in_cells as (

    select
        account_id,
        {{ base_segment_code() }} as segment_code,
        'base' as kind,
        net_revenue_365d_amount,
        is_current,
        snapshot_date
    from states_in_hand

),

final as (

    select * from in_rules
    union all
    select * from in_cells

)

{{ final_and_carried('snapshot_dates', but='restated') }}
