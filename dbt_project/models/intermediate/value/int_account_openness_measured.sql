with opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

interactions as (select * from {{ ref('stg_raw__interactions') }}),

kinds as (select * from {{ ref('policy_interaction_kinds') }}),

days as (select * from {{ ref('int_value_days_listed') }}),

-- What is renewed is there already; the pipeline is what may come on top.
pipeline as (

    select
        opportunities.account_id,
        opportunities.opportunity_amount as pipeline_amount,
        cast(
            opportunities.opportunity_amount * opportunities.probability as numeric(18, 4)
        ) as weighted_amount,
        cast(null as boolean) as is_two_way,
        cast(null as boolean) as is_kept,
        days.snapshot_date
    from opportunities
    inner join days on {{ is_in_force('opportunities', 'days.snapshot_date') }}
    where
        coalesce(opportunities.opportunity_status, 'open') = 'open'
        and coalesce(opportunities.opportunity_kind, 'new_business') <> 'renewal'

),

-- of what took place, whether both sides spoke; of what was agreed, whether it took place
contacts as (

    select
        interactions.account_id,
        cast(null as numeric(18, 4)) as pipeline_amount,
        cast(null as numeric(18, 4)) as weighted_amount,
        case
            when coalesce(interactions.interaction_status, 'done') not in ('missed', 'cancelled')
                then {{ was_two_way('kinds.is_two_way', 'interactions') }}
        end as is_two_way,
        case
            when interactions.interaction_status = 'missed' then false
            when interactions.interaction_status = 'cancelled' then null
            when kinds.is_two_way then true
        end as is_kept,
        days.snapshot_date
    from interactions
    inner join days
        on
            interactions.happened_date <= days.snapshot_date
            and interactions.happened_date > {{ add_days('days.snapshot_date', -365) }}
            and {{ is_in_force('interactions', 'days.snapshot_date') }}
    left join kinds on interactions.interaction_kind = kinds.interaction_kind
    where coalesce(interactions.interaction_status, 'done') <> 'planned'

),

together as (

    select * from pipeline
    union all
    select * from contacts

),

final as (

    select
        account_id,
        sum(pipeline_amount) as pipeline_amount,
        sum(weighted_amount) as weighted_pipeline_amount,
        count(pipeline_amount) - count(weighted_amount) as unweighted_opportunities_count,
        count(is_two_way) as contacts_count,
        cast(
            avg(case when is_two_way then 1.0 when not is_two_way then 0.0 end)
            as {{ type_double() }}
        ) as reply_rate,
        cast(
            avg(case when is_kept then 1.0 when not is_kept then 0.0 end) as {{ type_double() }}
        ) as meetings_kept_rate,
        snapshot_date
    from together
    where account_id is not null
    group by
        account_id,
        snapshot_date

)

select * from final
