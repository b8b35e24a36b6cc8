-- Who buys by contract alone is a customer too, though no order gives it a stage.
with judged as (

    select
        *,
        coalesce(stage_code_now not in ('prospect', 'churned'), false) or mrr_amount_now > 0
            as is_customer,
        coalesce(stage_code_before not in ('prospect', 'churned'), false) or mrr_amount_before > 0
            as was_customer,
        greatest(0, revenue_amount_now) as positive_amount,
        row_number() over (partition by month_date order by revenue_amount_now desc)
            as place_in_company,
        row_number() over (partition by month_date, region order by revenue_amount_now desc)
            as place_in_region
    from {{ ref('int_account_months_compared') }}

),

placed as (

    select
        *,
        'company' as dimension,
        'all' as dimension_value,
        place_in_company as place
    from judged
    union all
    select
        *,
        'region' as dimension,
        region as dimension_value,
        place_in_region as place
    from judged

),

final as (

    select
        dimension,
        dimension_value,
        count(case when is_customer then 1 end) as customers_count,
        count(case when was_customer then 1 end) as customers_before_count,
        count(case when is_customer and was_customer then 1 end) as kept_count,
        count(case when is_customer and not was_customer then 1 end) as gained_count,
        count(case when was_customer and not is_customer then 1 end) as lost_count,
        sum(case when was_customer and not is_customer then revenue_amount_before else 0 end)
            as lost_amount,
        count(case when order_days_count_now >= 1 then 1 end) as buyers_count,
        count(case when order_days_count_now >= 2 then 1 end) as repeaters_count,
        count(case when stage_code_before = 'prospect' then 1 end) as prospects_before_count,
        count(case when stage_code_before = 'prospect' and stage_code_now <> 'prospect' then 1 end)
            as prospects_converted_count,
        count(case when stage_code_before = 'first' then 1 end) as first_before_count,
        count(
            case
                when
                    stage_code_before = 'first'
                    and stage_code_now in ('growing', 'mature', 'loyal')
                    then 1
            end
        ) as first_developed_count,
        count(is_renewed) as due_count,
        count(case when is_renewed then 1 end) as renewed_count,
        sum(revenue_amount_now) as revenue_amount,
        sum(revenue_amount_year_before) as revenue_year_before_amount,
        sum(positive_amount) as positive_amount,
        sum(case when place = 1 then positive_amount else 0 end) as largest_amount,
        sum(case when place <= 5 then positive_amount else 0 end) as five_largest_amount,
        sum(positive_amount * positive_amount) as squared_amount,
        sum(mrr_amount_now) as mrr_amount,
        sum(
            case
                when mrr_amount_before > 0 and mrr_amount_now <= 0 then mrr_amount_before
                else 0
            end
        ) as mrr_churned_amount,
        {%- for when in ['before', 'year_before'] %}
            sum(greatest(mrr_amount_{{ when }}, 0)) as mrr_{{ when }}_amount,
            sum(case when mrr_amount_{{ when }} > 0 then mrr_amount_now else 0 end)
                as mrr_net_kept_{{ when }}_amount,
            sum(
                case
                    when mrr_amount_{{ when }} > 0
                        then greatest(0, least(mrr_amount_now, mrr_amount_{{ when }}))
                    else 0
                end
            ) as mrr_gross_kept_{{ when }}_amount,
        {%- endfor %}
        month_date
    from placed
    group by
        dimension,
        dimension_value,
        month_date

)

select * from final
