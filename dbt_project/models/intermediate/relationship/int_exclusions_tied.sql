with acts as (select * from {{ ref('int_relationship_acts_listed') }}),

contests as (select * from {{ ref('int_account_contests_listed') }}),

days as (select * from {{ ref('int_relationship_days_listed') }}),

exclusions as (

    select
        acts.*,
        days.snapshot_date
    from acts
    inner join days
        on
            acts.happened_date <= days.snapshot_date
            and {{ is_in_force('acts', 'days.snapshot_date') }}
    where acts.counts_as = 'exclusion'

),

-- it names the deal, or a deal or tender of the account was going on
final as (

    select distinct
        exclusions.evidence_key,
        exclusions.snapshot_date
    from exclusions
    left join contests
        on
            exclusions.account_id = contests.account_id
            and exclusions.happened_date >= contests.begin_date
            and (contests.end_date is null or exclusions.happened_date <= contests.end_date)
            and {{ is_in_force('contests', 'exclusions.snapshot_date') }}
    where exclusions.opportunity_key is not null or contests.account_id is not null

)

select * from final
