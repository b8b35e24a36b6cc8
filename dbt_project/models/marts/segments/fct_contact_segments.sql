with contacts as (select * from {{ ref('dim_contacts') }}),

tickets as (select * from {{ ref('stg_raw__tickets') }}),

responses as (select * from {{ ref('stg_raw__survey_responses') }}),

web_visits as (select * from {{ ref('stg_raw__web_visits') }}),

events as (

    select
        source || '|' || contact_id as contact_key,
        'ticket_category' as dimension,
        category as segment_value,
        opened_date as event_date
    from tickets
    where is_latest
    union all
    select
        source || '|' || contact_id as contact_key,
        'survey_theme' as dimension,
        theme as segment_value,
        answered_date as event_date
    from responses
    where is_latest
    union all
    select
        source || '|' || contact_id as contact_key,
        'language' as dimension,
        case
            when trim(comment) = '' then null
            when {{ has_chinese('comment') }} then 'zh'
            when comment is not null then 'other'
        end as segment_value,
        answered_date as event_date
    from responses
    where is_latest
    union all
    select
        source || '|' || contact_id as contact_key,
        'web_page' as dimension,
        page as segment_value,
        visited_date as event_date
    from web_visits
    where is_latest

),

told as (
    {% for attribute in ['buying_role', 'seniority', 'department', 'decision_chain'] %}
        select
            contact_key,
            '{{ attribute }}' as dimension,
            {{ attribute }} as segment_value,
            cast(null as bigint) as events_count,
            cast(null as date) as last_event_date
        from contacts
        union all
    {% endfor %}
    select
        contact_key,
        dimension,
        segment_value,
        count(*) as events_count,
        max(event_date) as last_event_date
    from events
    group by
        contact_key,
        dimension,
        segment_value
),

final as (

    select
        told.contact_key || '|' || told.dimension || '|' || told.segment_value
            as contact_segment_key,
        told.contact_key,
        contacts.account_id,
        told.dimension,
        told.segment_value,
        told.events_count,
        told.last_event_date,
        {{ as_of_date() }} as as_of_date
    from told
    inner join contacts on told.contact_key = contacts.contact_key
    where told.segment_value is not null

)

select * from final
