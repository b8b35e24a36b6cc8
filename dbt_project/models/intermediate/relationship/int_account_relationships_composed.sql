{%- set dimensions = ['key', 'general', 'organisation'] -%}
with accounts as (select * from {{ ref('int_relationship_accounts_listed') }}),

key_side as (select * from {{ ref('int_account_key_relationships_measured') }}),

general as (select * from {{ ref('int_account_general_relationships_scored') }}),

organisation as (select * from {{ ref('int_account_organisation_levels_decided') }}),

weights as (select * from {{ ref('policy_relationship_dimensions') }}),

policy as (

    select
        {%- for dimension in dimensions %}
            max(case when dimension_code = '{{ dimension }}' then weight end)
                as {{ dimension }}_weight,
        {%- endfor %}
        sum(weight) as all_weights
    from weights

),

joined as (

    select
        accounts.account_id,
        cast(key_side.key_index as numeric(9, 2)) as key_index,
        key_side.economic_buyer_level,
        general.general_index,
        general.general_level_code,
        organisation.organisation_index,
        organisation.organisation_level_code,
        organisation.organisation_level_position,
        {%- for dimension in dimensions %}
            case when {{ dimension }}_index is null then 0 else policy.{{ dimension }}_weight end
                as {{ dimension }}_weight,
        {%- endfor %}
        policy.all_weights,
        accounts.snapshot_date
    from accounts
    cross join policy
    {%- for side in ['key_side', 'general', 'organisation'] %}
        left join {{ side }}
            on
                accounts.account_id = {{ side }}.account_id
                and accounts.snapshot_date = {{ side }}.snapshot_date
    {%- endfor %}

),

-- what is not known takes its weight out; the points of all dimensions sum to the composite
weighed as (

    select
        *,
        {%- for dimension in dimensions %}
            {{ dimension }}_weight / nullif(known_weights, 0) as {{ dimension }}_share_rate,
        {%- endfor %}
        known_weights / all_weights as known_rate
    from (
        select
            *,
            key_weight + general_weight + organisation_weight as known_weights
        from joined
    ) as summed

),

final as (

    select
        account_id,
        key_index,
        economic_buyer_level,
        general_index,
        general_level_code,
        organisation_index,
        organisation_level_code,
        organisation_level_position,
        {%- for dimension in dimensions %}
            {{ dimension }}_share_rate,
        {%- endfor %}
        cast(case
            when known_rate > 0
                then round(
                    coalesce(key_share_rate * key_index, 0)
                    + coalesce(general_share_rate * general_index, 0)
                    + coalesce(organisation_share_rate * organisation_index, 0),
                    2
                )
        end as numeric(9, 2)) as relationship_index,
        {{ round_rate('known_rate') }} as coverage_rate,
        snapshot_date
    from weighed

)

{{ final_and_carried(ref('int_relationship_days_held')) }}
