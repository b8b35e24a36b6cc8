with opportunities as (select * from {{ ref('stg_raw__opportunities') }}),

stage_changes as (select * from {{ ref('stg_raw__opportunity_stages') }}),


versions as (

    select
        source,
        opportunity_id,
        stage,
        lag(stage) over (
            partition by source, opportunity_id
            order by known_at
        ) as previous_stage,
        known_date,
        known_at
    from opportunities
    where stage is not null

),

told as (

    select
        source,
        opportunity_id,
        stage,
        previous_stage,
        changed_date as entered_date,
        changed_at as entered_at
    from stage_changes
    where is_latest and changed_date <= {{ as_of_date() }}

),

-- Seen by us: the stage of one version is not that of the version before.
seen as (

    select
        versions.source,
        versions.opportunity_id,
        versions.stage,
        versions.previous_stage,
        versions.known_date as entered_date,
        versions.known_at as entered_at
    from versions
    left join told
        on
            versions.source = told.source
            and versions.opportunity_id = told.opportunity_id
    where told.opportunity_id is null and versions.stage <> versions.previous_stage

),

listed as (

    select * from told
    union all
    select * from seen

),

final as (

    select
        source,
        opportunity_id,
        stage,
        coalesce(previous_stage, lag(stage) over (
            partition by source, opportunity_id
            order by entered_at, stage
        )) as previous_stage,
        cast(row_number() over (
            partition by source, opportunity_id
            order by entered_at, stage
        ) as int) as move_number,
        lead(entered_at) over (
            partition by source, opportunity_id
            order by entered_at, stage
        ) is null as is_last,
        entered_date
    from listed

)

select * from final
