with months as (select * from {{ ref('int_satisfaction_months_listed') }}),

verdicts as (select * from {{ ref('int_account_verdicts_listed') }}),

final as (

    select
        months.account_id,
        count(
            case
                when verdicts.is_good_to_bad and verdicts.verdict_date >= months.month_date
                    then 1
            end
        ) as good_to_bad_count,
        count(
            case
                when verdicts.is_bad_to_good and verdicts.verdict_date >= months.month_date
                    then 1
            end
        ) as bad_to_good_count,
        max(verdicts.verdict_date) as last_verdict_date,
        max(
            case
                when
                    verdicts.next_verdict_date is null
                    or verdicts.next_verdict_date > months.counted_date
                    then case when verdicts.is_good then 'good' else 'bad' end
            end
        ) as last_verdict,
        months.month_date
    from months
    inner join verdicts
        on
            months.account_id = verdicts.account_id
            and months.counted_date >= verdicts.verdict_date
    group by
        months.account_id,
        months.month_date

)

select * from final
