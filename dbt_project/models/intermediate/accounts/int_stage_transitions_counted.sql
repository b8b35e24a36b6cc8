{%- set dimensions = {
    'stage': 'stage_code', 'rfm': 'rfm_segment_code', 'abc': 'abc_class',
} -%}
with moves as (select * from {{ ref('int_account_moves_listed') }}),

ways as (
    {% for dimension, code in dimensions.items() %}
        select
            '{{ dimension }}' as dimension,
            case when is_entry then 'entry' else coalesce(from_{{ code }}, 'none') end
                as from_code,
            case when is_exit then 'exit' else coalesce(to_{{ code }}, 'none') end
                as to_code,
            from_amount,
            to_amount,
            is_entry,
            is_exit,
            {{ month_start('to_date') }} as month_date
        from moves
        {{ "union all" if not loop.last }}
    {% endfor %}
),

final as (

    select
        dimension,
        from_code,
        to_code,
        is_entry,
        is_exit,
        month_date,
        count(*) as accounts_count,
        sum(from_amount) as from_amount,
        sum(to_amount) as to_amount,
        sum(count(*)) over (partition by month_date, dimension, from_code)
            as from_accounts_count,
        sum(sum(from_amount)) over (partition by month_date, dimension, from_code)
            as all_from_amount
    from ways
    group by
        dimension,
        from_code,
        to_code,
        is_entry,
        is_exit,
        month_date

)

select * from final
