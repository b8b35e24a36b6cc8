with segments as (select * from {{ ref('policy_segments') }}),

states as (select * from {{ ref('int_account_states_dated') }}),

memberships as (select * from {{ ref('int_account_segments_listed') }}),

totals as (

    select cast(count(*) as numeric) as all_accounts_count
    from states
    where is_current

),

current_members as (

    select
        account_id,
        segment_code
    from memberships
    where is_current

),

sizes as (

    select
        segment_code,
        count(*) as accounts_count
    from current_members
    group by segment_code

),

shared as (

    select
        one.segment_code,
        other.segment_code as other_segment_code,
        count(*) as shared_count
    from current_members as one
    inner join current_members as other on one.account_id = other.account_id
    group by
        one.segment_code,
        other.segment_code

),

pairs as (

    select
        one.segment_code,
        other.segment_code as other_segment_code,
        coalesce(sizes.accounts_count, 0) as accounts_count,
        coalesce(other_sizes.accounts_count, 0) as other_accounts_count,
        coalesce(shared.shared_count, 0) as shared_count,
        totals.all_accounts_count
    from segments as one
    inner join segments as other on one.segment_code <> other.segment_code
    cross join totals
    left join sizes on one.segment_code = sizes.segment_code
    left join sizes as other_sizes on other.segment_code = other_sizes.segment_code
    left join shared
        on
            one.segment_code = shared.segment_code
            and other.segment_code = shared.other_segment_code
    where totals.all_accounts_count > 0

),

final as (

    select
        segment_code || '|' || other_segment_code as overlap_key,
        segment_code,
        other_segment_code,
        accounts_count,
        other_accounts_count,
        shared_count as shared_accounts_count,
        cast(cast(shared_count as numeric) / nullif(accounts_count, 0) as {{ type_double() }})
            as shared_rate,
        cast(other_accounts_count / all_accounts_count as {{ type_double() }}) as other_rate,
        cast(
            shared_count * all_accounts_count / nullif(accounts_count * other_accounts_count, 0)
            as {{ type_double() }}
        ) as overlap_lift,
        cast(
            cast(shared_count as numeric)
            / nullif(accounts_count + other_accounts_count - shared_count, 0)
            as {{ type_double() }}
        ) as jaccard_rate,
        {{ as_of_date() }} as as_of_date
    from pairs

)

select * from final
