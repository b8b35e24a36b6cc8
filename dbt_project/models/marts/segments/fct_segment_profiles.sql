{%- set attributes = [
    'industry', 'size_band', 'region', 'contract_mode', 'stage_code', 'abc_class',
    'rfm_segment_code',
] -%}
{%- set measures = [
    'net_revenue_365d_amount', 'order_days_365d_count', 'days_since_last_order',
] -%}
with segments as (select * from {{ ref('policy_segments') }}),

states as (select * from {{ ref('int_account_states_dated') }}),

memberships as (select * from {{ ref('int_account_segments_listed') }}),

judged as (

    select
        segments.segment_code,
        states.*,
        memberships.account_id is not null as is_inside,
        count(memberships.account_id) over (partition by segments.segment_code)
            as inside_count,
        count(*) over (partition by segments.segment_code) as all_count
    from segments
    inner join states on states.is_current
    left join memberships
        on
            segments.segment_code = memberships.segment_code
            and states.account_id = memberships.account_id
            and memberships.is_current

),

comparable as (

    select *
    from judged
    where inside_count between 1 and all_count - 1

),

compared as (
    {% for attribute in attributes %}
        select
            segment_code,
            '{{ attribute }}' as feature,
            coalesce({{ attribute }}, 'unknown') as feature_value,
            'share' as statistic,
            count(case when is_inside then 1 end) as accounts_count,
            count(case when is_inside then 1 end) / cast(max(inside_count) as numeric)
                as inside_value,
            count(case when not is_inside then 1 end)
            / cast(max(all_count - inside_count) as numeric) as outside_value
        from comparable
        group by
            segment_code,
            coalesce({{ attribute }}, 'unknown')
        union all
    {% endfor %}
    {% for measure in measures %}
        select
            segment_code,
            '{{ measure }}' as feature,
            'mean' as feature_value,
            'mean' as statistic,
            count(case when is_inside then {{ measure }} end) as accounts_count,
            avg(case when is_inside then {{ measure }} end) as inside_value,
            avg(case when not is_inside then {{ measure }} end) as outside_value
        from comparable
        group by segment_code
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        segment_code || '|' || feature || '|' || feature_value as profile_key,
        segment_code,
        feature,
        feature_value,
        statistic,
        accounts_count,
        cast(inside_value as {{ type_double() }}) as inside_value,
        cast(outside_value as {{ type_double() }}) as outside_value,
        cast(inside_value - outside_value as {{ type_double() }}) as difference,
        cast(
            case when outside_value > 0 then inside_value / outside_value end
            as {{ type_double() }}
        ) as profile_lift,
        {{ as_of_date() }} as as_of_date
    from compared

)

select * from final
