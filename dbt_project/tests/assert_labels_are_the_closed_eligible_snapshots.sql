-- Every eligible snapshot whose horizon has closed has a label of the definition that is
-- scored, but for partial churn of who had nothing to lose; and no other snapshot has one.
-- Not of contracts: labels take them as known now, and features as they were known then.
with features as (select * from {{ ref('fct_churn_features') }}),

kinds as (

    select churn_kind
    from {{ ref('int_churn_kinds_chosen') }}
    where is_scored and churn_kind <> 'contractual'

),

labels as (

    select *
    from {{ ref('fct_churn_labels') }}
    where is_scored

),

policy as ({{ policy_values(['lead_days', 'horizon_days']) }}),

judged as (

    select
        features.account_id,
        labels.account_id as labelled_id,
        features.snapshot_date,
        kinds.churn_kind = 'partial' as may_be_missing,
        features.is_eligible
        and {{ add_days(
            'features.snapshot_date',
            'policy.lead_days + policy.horizon_days',
        ) }} <= features.as_of_date as is_expected
    from features
    cross join policy
    cross join kinds
    left join labels
        on
            features.account_id = labels.account_id
            and features.snapshot_date = labels.snapshot_date

)

select *
from judged
where
    (labelled_id is not null and not is_expected)
    or (labelled_id is null and is_expected and not may_be_missing)
