with states as (select * from {{ ref('int_account_states_dated') }}),

rfm_segment_names as (select * from {{ ref('policy_rfm_segment_names') }}),

state_words as (select * from {{ ref('policy_state_words') }}),

words as (

    select
        max(case when state_code = 'unknown' then name_en end) as unknown_en,
        max(case when state_code = 'unknown' then name_zh end) as unknown_zh,
        max(case when state_code = 'none' then name_en end) as none_en,
        max(case when state_code = 'none' then name_zh end) as none_zh
    from state_words

),

cells as (

    select distinct
        {{ base_segment_code() }} as segment_code,
        industry,
        size_band,
        region,
        rfm_segment_code
    from states

),

final as (

    select
        cells.segment_code,
        {% for language in ['en', 'zh'] %}
            coalesce(cells.industry, words.unknown_{{ language }})
            || ' / ' || coalesce(cells.size_band, words.unknown_{{ language }})
            || ' / ' || coalesce(cells.region, words.unknown_{{ language }})
            || ' / '
            || coalesce(rfm_segment_names.name_{{ language }}, words.none_{{ language }})
                as name_{{ language }},
        {% endfor %}
        cells.industry,
        cells.size_band,
        cells.region,
        cells.rfm_segment_code
    from cells
    cross join words
    left join rfm_segment_names on cells.rfm_segment_code = rfm_segment_names.segment_code

)

select * from final
