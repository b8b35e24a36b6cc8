with reviews as (select * from {{ ref('stg_raw__relationship_reviews') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

compared as (select * from {{ ref('int_account_relationships_compared') }}),

scales as (select * from {{ ref('int_relationship_scales_listed') }}),

dimensions as (select * from {{ ref('policy_relationship_dimensions') }}),

outcomes as (select * from {{ ref('policy_relationship_review_outcomes') }}),

agreed as (

    select
        reviews.source || '|' || reviews.relationship_review_id as relationship_review_key,
        reviews.source,
        reviews.relationship_review_id,
        accounts.account_id,
        reviews.reviewed_by,
        reviews.review_outcome as outcome,
        scales.dimension_code as agreed_dimension_code,
        scales.level_code as agreed_level_code,
        scales.name_en as agreed_level_name_en,
        scales.name_zh as agreed_level_name_zh,
        scales.level_rank as agreed_rank,
        case
            when scales.dimension_code = 'general' then compared.general_level_code
            when compared.organisation_index is not null then compared.organisation_level_code
        end as published_level_code,
        row_number() over (
            partition by reviews.account_id
            order by
                reviews.reviewed_at desc,
                reviews.source asc,
                reviews.relationship_review_id asc
        ) as newest,
        reviews.reviewed_date
    from reviews
    left join accounts on reviews.account_id = accounts.account_id
    left join compared
        on
            accounts.account_id = compared.account_id
            and compared.is_current
    -- reviews agree on the account, whose levels have codes of their own in either dimension
    left join scales
        on
            reviews.agreed_level_code = scales.level_code
            and scales.dimension_code != 'key'
    where reviews.is_latest and reviews.reviewed_date <= {{ as_of_date() }}

),

final as (

    select
        agreed.relationship_review_key,
        agreed.source,
        agreed.relationship_review_id,
        agreed.account_id,
        agreed.reviewed_by,
        agreed.outcome,
        outcomes.name_en as outcome_name_en,
        outcomes.name_zh as outcome_name_zh,
        agreed.agreed_dimension_code,
        dimensions.name_en as agreed_dimension_name_en,
        dimensions.name_zh as agreed_dimension_name_zh,
        agreed.agreed_level_code,
        agreed.agreed_level_name_en,
        agreed.agreed_level_name_zh,
        case when agreed.agreed_level_code is not null then agreed.published_level_code end
            as published_level_code,
        published.level_rank >= agreed.agreed_rank as is_agreed_level_proved,
        agreed.newest = 1 as is_newest,
        agreed.reviewed_date,
        {{ as_of_date() }} as as_of_date
    from agreed
    inner join outcomes on agreed.outcome = outcomes.outcome
    left join dimensions on agreed.agreed_dimension_code = dimensions.dimension_code
    left join scales as published
        on
            agreed.agreed_dimension_code = published.dimension_code
            and agreed.published_level_code = published.level_code

)

select * from final
