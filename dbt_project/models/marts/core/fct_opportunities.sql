with opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

moves as (select * from {{ ref('int_opportunity_moves_listed') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),


move_counts as (

    select
        source,
        opportunity_id,
        count(*) as moves_count
    from moves
    group by
        source,
        opportunity_id

),

standing as (

    select
        opportunities.*,
        accounts.account_id as known_account_id,
        coalesce(opportunities.opportunity_status, 'open') as status,
        coalesce(opportunities.opportunity_status, 'open') = 'open' as is_open,
        case
            when coalesce(opportunities.opportunity_status, 'open') = 'open'
                then {{ as_of_date() }}
            else opportunities.closed_date
        end as until_date,
        coalesce(opportunities.stage, moves.stage) as current_stage,
        moves.previous_stage,
        case
            when opportunities.stage is null or opportunities.stage = moves.stage
                then moves.entered_date
        end as stage_since_date,
        coalesce(move_counts.moves_count, 0) as moves_count
    from opportunities
    left join accounts on opportunities.account_id = accounts.account_id
    left join moves
        on
            opportunities.source = moves.source
            and opportunities.opportunity_id = moves.opportunity_id
            and moves.is_last
    left join move_counts
        on
            opportunities.source = move_counts.source
            and opportunities.opportunity_id = move_counts.opportunity_id
    where opportunities.is_latest

),

final as (

    select
        source || '|' || opportunity_id as opportunity_key,
        source,
        opportunity_id,
        known_account_id as account_id,
        source || '|' || contact_id as contact_key,
        account_manager_id,
        campaign_id,
        product_id,
        opportunity_kind as kind,
        status,
        current_stage as stage,
        previous_stage,
        origin,
        loss_reason,
        competitor,
        opportunity_amount as amount,
        probability,
        cast(case when is_open then opportunity_amount * probability end as numeric(18, 4))
            as weighted_amount,
        {{ days_between('opened_date', 'until_date') }} as age_days,
        {{ days_between('stage_since_date', 'until_date') }} as days_in_stage,
        moves_count,
        is_open,
        status = 'won' as is_won,
        status = 'lost' as is_lost,
        coalesce(is_open and expected_close_date < {{ as_of_date() }}, false) as is_overdue,
        opened_date,
        stage_since_date,
        expected_close_date,
        case when not is_open then closed_date end as closed_date,
        {{ as_of_date() }} as as_of_date
    from standing

)

select * from final
