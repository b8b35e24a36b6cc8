-- Fills list_told: what each account's manager was last told of it, and how often since it changed.
with parameters as (

    select max(value) filter (where parameter = 'list_cooldown_days') as cooldown_days
    from {schema}.policy_parameters

),

mailed as (

    select
        account_id,
        owner_id,
        as_of,
        status_code,
        band_code,
        churn_probability,
        as_of - lag(as_of) over (partition by account_id order by as_of) as gap_days
    from ops.mailed_before(%(gen)s)

),

told as (

    select account_id, owner_id, as_of, status_code, band_code, churn_probability, true as is_last_list
    from ops.last_list(%(gen)s)
    union all
    select account_id, owner_id, as_of, status_code, band_code, churn_probability, false
    from mailed

),

latest as (

    select distinct on (account_id) *
    from told
    order by account_id, as_of desc, is_last_list desc

),

-- What a further rise is measured from: so a risk that creeps up by a point a night is told once it has come far.
changes as (

    select distinct on (account_id) *
    from told
    where status_code is distinct from 'still_open'
    order by account_id, as_of desc, is_last_list desc

),

-- A rest ends a row of mails: whoever comes back from it is shown as often as before.
rows_of_mails as (

    select
        mailed.account_id,
        max(mailed.as_of) as last_mailed_date,
        max(mailed.as_of) filter (
            where
            mailed.gap_days is null
            or mailed.gap_days >= parameters.cooldown_days
            or mailed.status_code is distinct from 'still_open'
        ) as begun_date
    from mailed
    cross join parameters
    group by mailed.account_id

),

shown as (

    select
        rows_of_mails.account_id,
        rows_of_mails.last_mailed_date,
        count(*) as mails_count
    from rows_of_mails
    inner join mailed
        on rows_of_mails.account_id = mailed.account_id and rows_of_mails.begun_date <= mailed.as_of
    group by rows_of_mails.account_id, rows_of_mails.last_mailed_date

)

insert into {schema}.list_told (
    account_id, owner_id, latest_date, latest_status_code, is_last_list, changed_date, churn_probability, band_code,
    last_mailed_date, mails_count
)
select
    latest.account_id,
    latest.owner_id,
    latest.as_of,
    coalesce(latest.status_code, 'still_open'),
    latest.is_last_list,
    coalesce(changes.as_of, latest.as_of),
    case when changes.account_id is null then latest.churn_probability else changes.churn_probability end,
    case when changes.account_id is null then latest.band_code else changes.band_code end,
    shown.last_mailed_date,
    coalesce(shown.mails_count, 0)
from latest
left join changes on latest.account_id = changes.account_id
left join shown on latest.account_id = shown.account_id
