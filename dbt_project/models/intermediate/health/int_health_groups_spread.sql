{%- set codes = ['orders', 'service', 'payment', 'relationship', 'satisfaction', 'contract'] -%}
with group_scores as (select * from {{ ref('int_health_groups_scored') }}),

shares as (

    select
        *,
        case
            when group_index is not null
                then weight / nullif(
                    sum(case when group_index is not null then weight end) over (
                        partition by account_id, snapshot_date
                    ),
                    0
                )
        end as share_rate
    from group_scores

),

final as (

    select
        account_id,
        {%- for code in codes %}
            max(case when group_code = '{{ code }}' then group_index end)
                as {{ code }}_index,
            max(case when group_code = '{{ code }}' then share_rate end)
                as {{ code }}_share_rate,
            max(case when group_code = '{{ code }}' then unknown_reason end)
                as {{ code }}_unknown_reason,
        {%- endfor %}
        snapshot_date
    from shares
    group by
        account_id,
        snapshot_date

)

select * from final
