with plans as (select * from {{ ref('stg_raw__relationship_plans') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

contacts as (select * from {{ ref('int_contact_levels_decided') }}),

compared as (select * from {{ ref('int_account_relationships_compared') }}),

-- a level of the key relationship is a person's, its index the account's
final as (

    select
        plans.source || '|' || plans.relationship_plan_id as relationship_plan_key,
        plans.source,
        plans.relationship_plan_id,
        accounts.account_id,
        plans.source || '|' || plans.contact_id as contact_key,
        plans.dimension_code,
        plans.target_level_code,
        plans.target_index,
        case
            when plans.dimension_code = 'key'
                then cast(contacts.published_level as {{ type_text() }})
            when plans.dimension_code = 'general' then compared.general_level_code
            -- without an index nobody can tell whether there were dealings
            when compared.organisation_index is not null then compared.organisation_level_code
        end as current_level_code,
        case
            when plans.dimension_code = 'key' then compared.key_index
            when plans.dimension_code = 'general' then compared.general_index
            else compared.organisation_index
        end as current_index,
        plans.account_manager_id,
        coalesce(plans.plan_status, 'planned') as plan_status,
        plans.approved_by,
        plans.actions,
        coalesce(plans.approved_date <= {{ as_of_date() }}, false) as is_approved,
        coalesce(contacts.has_left, false) as has_left,
        plans.due_date,
        plans.approved_date,
        plans.created_date
    from plans
    left join accounts on plans.account_id = accounts.account_id
    left join compared
        on
            accounts.account_id = compared.account_id
            and compared.is_current
    left join contacts
        on
            plans.source || '|' || plans.contact_id = contacts.contact_key
            and accounts.account_id = contacts.account_id
            and contacts.is_current
    where plans.is_latest and plans.created_date <= {{ as_of_date() }}

)

select * from final
