{%- set newcomers = 'restatements where is_of_presence' -%}
with stages as (select * from {{ ref('int_account_stages_kept') }}),

measures as (select * from {{ ref('int_account_snapshots_measured') }}),

snapshot_dates as (select * from {{ ref('int_snapshot_dates_listed') }}),

restatements as (select * from {{ ref('int_restatements_found') }}),

limits as ({{ abc_limits() }}),

valued as (

    select
        stages.account_id,
        coalesce(measures.net_revenue_365d_amount, 0) as net_revenue_365d_amount,
        greatest(0, coalesce(measures.net_revenue_365d_amount, 0)) as positive_amount,
        coalesce(measures.lines_365d_count > 0, false) as has_sales,
        stages.snapshot_date
    from stages
    left join measures
        on
            stages.account_id = measures.account_id
            and stages.snapshot_date = measures.snapshot_date
    inner join snapshot_dates on stages.snapshot_date = snapshot_dates.snapshot_date
    where {{ is_measured_anew('snapshot_dates', 'stages.account_id', newcomers) }}

),

-- as in fct_account_abc, for each snapshot by itself
placed as (

    select
        *,
        (sum(positive_amount) over best_first - sum(positive_amount) over equals)
        / nullif(sum(positive_amount) over everybody, 0) as share_before_rate
    from valued
    window
        best_first as (partition by snapshot_date order by positive_amount desc),
        equals as (partition by snapshot_date, positive_amount),
        everybody as (partition by snapshot_date)

),

final as (

    select
        placed.account_id,
        {{ abc_class('placed', 'limits') }} as abc_class,
        placed.net_revenue_365d_amount,
        placed.snapshot_date
    from placed
    cross join limits

)

{{ final_and_carried('snapshot_dates', but=newcomers) }}
