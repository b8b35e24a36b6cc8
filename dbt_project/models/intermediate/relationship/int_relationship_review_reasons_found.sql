with compared as (select * from {{ ref('int_account_relationships_compared') }}),

contacts as (select * from {{ ref('int_contact_levels_decided') }}),

claims as (select * from {{ ref('int_relationship_claims_aged') }}),

plans as (select * from {{ ref('int_relationship_plans_measured') }}),

decided_tiers as (select * from {{ ref('int_key_account_tiers_decided') }}),

tiers as (select * from {{ ref('policy_key_account_tiers') }}),

policy as ({{ policy_values(['relationship_move_points', 'relationship_review_days']) }}),

changes as (

    select
        compared.account_id,
        cast(compared.relationship_index_change as numeric(9, 2)) as reason_value,
        -- the month that runs is taken from its first day, so that a review in it is enough
        case
            when compared.is_current then {{ add_days('compared.previous_snapshot_date', 1) }}
            else compared.snapshot_date
        end as arisen_date,
        row_number() over (
            partition by compared.account_id
            order by compared.snapshot_date desc
        ) as newest
    from compared
    cross join policy
    where
        abs(compared.relationship_index_change) >= policy.relationship_move_points
        and {{ days_between('compared.snapshot_date', as_of_date()) }}
        <= policy.relationship_review_days

),

-- a level fell on the day after the cadence that was missed last
silent as (

    select
        account_id,
        {{ add_days(
            'last_two_way_date', '(earned_level - computed_level) * cadence_days + 1'
        ) }} as arisen_date
    from contacts
    where is_current and not has_left and chain_weight > 0 and computed_level < earned_level

),

final as (

    select
        account_id,
        'changed' as reason_code,
        reason_value,
        arisen_date
    from changes
    where newest = 1

    {% for reason, found, arisen, condition in [
        ('stale', 'silent', 'arisen_date', 'account_id is not null'),
        ('over_claimed', 'claims', 'arisen_date', 'account_id is not null'),
        ('plan_due', 'plans', 'due_date', 'is_due and account_id is not null'),
    ] %}
        union all
        select
            account_id,
            '{{ reason }}' as reason_code,
            cast(count(*) as numeric(9, 2)) as reason_value,
            max({{ arisen }}) as arisen_date
        from {{ found }}
        where {{ condition }}
        group by account_id
    {% endfor %}

    union all
    select
        decided_tiers.account_id,
        'quarter' as reason_code,
        null as reason_value,
        {{ quarter_start(as_of_date()) }} as arisen_date
    from decided_tiers
    inner join tiers on decided_tiers.tier_code = tiers.tier_code
    where decided_tiers.is_current and tiers.is_reviewed_quarterly

)

select * from final
