-- Fills fct_programme_assignments and answers with the counts of the report, one row a programme. Who was drawn once
-- keeps the arm and the stratum of then.
with programmes as (

    select *
    from {schema}.policy_save_programmes
    where programme_code = any(%(programmes)s)

),

accounts as (

    select
        accounts.account_id,
        scores.band_code,
        coalesce(abc.published_class, 'N') as abc_class,
        stages.stage_code,
        cast(%(as_of)s as date) - stages.stage_since_date as stage_days
    from {schema}.dim_accounts as accounts
    left join {schema}.fct_churn_scores as scores on accounts.account_id = scores.account_id
    left join {schema}.fct_account_abc as abc on accounts.account_id = abc.account_id
    left join {schema}.fct_account_lifecycle_months as stages
        on accounts.account_id = stages.account_id and stages.is_current
    where not coalesce(accounts.is_internal, false) and accounts.merged_into_account_id is null

),

eligible as (

    select
        programmes.programme_code,
        accounts.account_id,
        coalesce(accounts.band_code, 'unscored') || '|' || accounts.abc_class as stratum_code,
        case
            when accounts.abc_class = 'A' then programmes.holdout_rate_a_class
            else programmes.holdout_rate
        end as holdout_rate
    from programmes
    inner join accounts
        on case programmes.programme_kind
            when 'save' then accounts.band_code = any(string_to_array(programmes.bands, '|'))
            else
                accounts.stage_code = 'churned'
                and accounts.stage_days between programmes.churned_days_from and programmes.churned_days_until
        end

),

drawn_before as (

    select before.*
    from ops.assigned_before(%(gen)s) as before
    inner join programmes on before.programme_code = programmes.programme_code
    inner join accounts on before.account_id = accounts.account_id

),

-- The number is a function of account and programme alone: 52 bits of a digest, from 0 to below 1.
drawn as (

    select
        programme_code,
        account_id,
        eligible.account_id is not null as is_eligible,
        drawn_before.arm,
        coalesce(drawn_before.stratum_code, eligible.stratum_code) as stratum_code,
        coalesce(drawn_before.holdout_rate, eligible.holdout_rate) as holdout_rate,
        cast(cast(cast('x' || substr(md5(programme_code || '|' || account_id), 1, 13) as bit(52)) as bigint)
            as double precision) / 4503599627370496 as draw,
        coalesce(drawn_before.assigned_date, %(as_of)s) as assigned_date
    from eligible
    full join drawn_before using (programme_code, account_id)

),

inserted as (

    insert into {schema}.fct_programme_assignments (
        programme_assignment_key, programme_code, programme_name_en, programme_name_zh, programme_kind, account_id,
        arm, stratum_code, holdout_rate, draw, is_eligible, assigned_date, as_of_date
    )
    select
        drawn.programme_code || '|' || drawn.account_id, drawn.programme_code,
        programmes.name_en, programmes.name_zh, programmes.programme_kind, drawn.account_id,
        coalesce(drawn.arm, case when drawn.draw < drawn.holdout_rate then 'holdout' else 'treated' end),
        drawn.stratum_code, drawn.holdout_rate, drawn.draw, drawn.is_eligible, drawn.assigned_date, %(as_of)s
    from drawn
    inner join programmes on drawn.programme_code = programmes.programme_code
    returning programme_code, arm, assigned_date

)

select
    programmes.programme_code,
    count(case when inserted.arm = 'treated' then 1 end) as treated_count,
    count(case when inserted.arm = 'holdout' then 1 end) as holdout_count,
    count(case when inserted.assigned_date = %(as_of)s then 1 end) as new_count
from programmes
left join inserted on programmes.programme_code = inserted.programme_code
group by programmes.programme_code
order by programmes.programme_code
