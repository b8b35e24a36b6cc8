with interactions as (select * from {{ ref('stg_raw__interactions') }}),

contracts as (select * from {{ ref('stg_raw__contracts') }}),

words as (select * from {{ ref('policy_relationship_joint_words') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

measures as ({{ measure_policy('window_days', ['joint_plans']) }}),

-- an interaction happens on a day, a contract holds from one day to another
told as (

    select
        account_id,
        'joint_plans' as measure_code,
        source || '|' || interaction_id as record_key,
        coalesce(subject, '') || ' ' || coalesce(note, '') as words_told,
        happened_date as first_date,
        {{ add_days('happened_date', 'measures.joint_plans_window_days - 1') }} as last_date,
        known_date,
        superseded_date
    from interactions
    cross join measures
    where
        coalesce(interaction_status, 'done') = 'done'
        and interaction_kind in ('meeting', 'visit')
        and coalesce(subject, note) is not null

    union all

    select
        account_id,
        'joint_projects' as measure_code,
        source || '|' || contract_id as record_key,
        contract_name as words_told,
        start_date as first_date,
        end_date as last_date,
        known_date,
        superseded_date
    from contracts
    where coalesce(contract_status, 'active') in ('active', 'ended')

),

found as (

    select distinct told.*
    from told
    inner join words
        on
            told.measure_code = words.measure_code
            and position(words.word in lower(told.words_told)) > 0

),

final as (

    select
        found.account_id,
        count(case when found.measure_code = 'joint_plans' then 1 end) as joint_plans_count,
        count(case when found.measure_code = 'joint_projects' then 1 end)
            as joint_projects_count,
        days.snapshot_date
    from found
    inner join days
        on
            found.first_date <= days.snapshot_date
            and (found.last_date is null or found.last_date >= days.snapshot_date)
            and {{ is_in_force('found', 'days.snapshot_date') }}
    where found.account_id is not null
    group by
        found.account_id,
        days.snapshot_date

)

select * from final
