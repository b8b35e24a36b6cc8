with tickets as (select * from {{ ref('int_tickets_placed') }}),

feedback as (select * from {{ ref('int_feedback_rated') }}),

accounts as (select * from {{ ref('int_accounts_measured') }}),

dates as (select * from {{ ref('dim_dates') }}),

months as (

    select
        month_start_date as month_date,
        month_end_date,
        least(month_end_date, {{ as_of_date() }}) as counted_date
    from dates
    where is_month_end and month_start_date <= {{ as_of_date() }}

),

voices as (

    select
        account_id,
        opened_date as spoken_date
    from tickets
    union all
    select
        account_id,
        answered_date as spoken_date
    from feedback

),

firsts as (

    select
        voices.account_id,
        min(voices.spoken_date) as first_spoken_date
    from voices
    inner join accounts on voices.account_id = accounts.account_id
    where not accounts.is_internal
    group by voices.account_id

),

final as (

    select
        firsts.account_id,
        months.month_date,
        months.counted_date
    from firsts
    inner join months on firsts.first_spoken_date <= months.month_end_date

)

select * from final
