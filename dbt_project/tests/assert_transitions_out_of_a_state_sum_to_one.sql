-- Who was somewhere is somewhere a month later, or gone: nobody is lost between two month ends.
select
    month_date,
    dimension,
    from_code,
    sum(transition_rate) as rates_sum,
    sum(accounts_count) as accounts_count,
    max(from_accounts_count) as from_accounts_count
from {{ ref('fct_stage_transitions') }}
group by
    month_date,
    dimension,
    from_code
having
    abs(sum(transition_rate) - 1) > 0.000001
    or sum(accounts_count) <> max(from_accounts_count)
