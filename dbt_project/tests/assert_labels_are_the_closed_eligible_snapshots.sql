-- Every eligible snapshot whose horizon has closed has a label, and no other has one.
with features as (

    select * from {{ ref('fct_churn_features') }}

),

labels as (

    select * from {{ ref('fct_churn_labels') }}

),

parameters as (

    select * from {{ ref('policy_parameters') }}

),

policy as (

    select
        {{ pivot_parameters(['lead_days', 'horizon_days']) }}
    from parameters

)

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
