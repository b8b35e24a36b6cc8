with raw_campaigns as (select * from {{ source('raw', 'campaigns') }}),

known as (

    {{ known_versions('campaigns') }}

),

renamed as (

    select
        source,
        campaign_id,
        account_manager_id,
        parent_campaign_id,
        campaign_name,
        kind as campaign_kind,
        status as campaign_status,
        cast(budget_amount as numeric(18, 4)) as budget_amount,
        cast(cost_amount as numeric(18, 4)) as cost_amount,
        is_latest,
        start_date,
        end_date,
        known_date,
        superseded_date,
        known_at
    from known

)

{{ versions_and_carried('campaigns', 'campaign_id') }}
