with members as (select * from {{ ref('stg_raw__campaign_members') }}),

campaigns as (select * from {{ ref('stg_raw__campaigns') }}),

contacts as (select * from {{ ref('stg_raw__contacts') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

-- An account is in a campaign once, from the first day on which any of its people is.
final as (

    select
        members.source || '|' || members.campaign_id as campaign_key,
        accounts.account_id,
        max(campaigns.campaign_name) as campaign_name,
        max(coalesce(campaigns.campaign_kind, 'unknown')) as campaign_kind,
        bool_or(coalesce(members.campaign_arm, 'treated') = 'treated') as is_treated,
        min(members.joined_date) as joined_date
    from members
    left join contacts
        on
            members.source = contacts.source
            and members.contact_id = contacts.contact_id
            and contacts.is_latest
    inner join accounts
        on coalesce(members.account_id, contacts.account_id) = accounts.account_id
    left join campaigns
        on
            members.source = campaigns.source
            and members.campaign_id = campaigns.campaign_id
            and campaigns.is_latest
    where
        members.is_latest
        and members.joined_date <= {{ as_of_date() }}
        and not accounts.is_internal
        and coalesce(campaigns.campaign_status, 'done') <> 'cancelled'
    group by
        members.source || '|' || members.campaign_id,
        accounts.account_id

)

select * from final
