-- Every eligible snapshot whose horizon has closed has a label, and no other has one.
with features as (select * from {{ ref('fct_churn_features') }}),

labels as (select * from {{ ref('fct_churn_labels') }}),

policy as ({{ policy_values(['lead_days', 'horizon_days']) }})

select
    features.account_id,
    labels.account_id as labelled_id,
    features.snapshot_date
from features
cross join policy
left join labels
    on
        features.account_id = labels.account_id
        and features.snapshot_date = labels.snapshot_date
where
    (labels.account_id is not null)
    <> (
        features.is_eligible
        and {{ add_days(
            'features.snapshot_date',
            'policy.lead_days + policy.horizon_days',
        ) }} <= features.as_of_date
    )
