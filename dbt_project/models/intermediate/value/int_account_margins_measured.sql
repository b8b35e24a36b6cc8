{%- set years = ['365d', 'prior_365d'] -%}
with categories as (select * from {{ ref('int_account_categories_summed') }}),

trade as (select * from {{ ref('int_account_trade_measured') }}),

inputs as (select * from {{ ref('int_value_inputs_checked') }}),

policy as ({{ policy_values(['margin_coverage_minimum']) }}),

summed as (

    select
        account_id,
        {%- for year in years %}
            sum(margin_{{ year }}_amount) as margin_{{ year }}_amount,
            cast(
                sum(costed_{{ year }}_amount) / nullif(sum(traded_{{ year }}_amount), 0)
                as {{ type_double() }}
            ) as margin_coverage_{{ year }}_rate,
        {%- endfor %}
        snapshot_date
    from categories
    group by
        account_id,
        snapshot_date

),

-- Of a year of which too little has a cost, the margin is not known; that of a year
-- without trade is none, if costs are known at all.
final as (

    select
        trade.account_id,
        {%- for year in years %}
            case
                when inputs.has_costs and summed.margin_coverage_{{ year }}_rate is null then 0
                when summed.margin_coverage_{{ year }}_rate >= policy.margin_coverage_minimum
                    then cast(summed.margin_{{ year }}_amount as numeric(18, 4))
            end as margin_{{ year }}_amount,
        {%- endfor %}
        summed.margin_coverage_365d_rate as margin_coverage_rate,
        trade.snapshot_date
    from trade
    cross join policy
    inner join inputs on trade.snapshot_date = inputs.snapshot_date
    left join summed
        on
            trade.account_id = summed.account_id
            and trade.snapshot_date = summed.snapshot_date

)

select * from final
