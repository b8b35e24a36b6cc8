-- Transitions and segments class accounts for every month end; on the day itself both ways are one.
with classes as (select * from {{ ref('fct_account_abc') }}),

months as (

    select *
    from {{ ref('int_account_abc_stages_classed') }}
    where snapshot_date = {{ as_of_date() }}

)

select
    classes.account_id,
    classes.abc_class,
    months.abc_class as abc_class_by_month
from classes
full outer join months on classes.account_id = months.account_id
where
    classes.abc_class is null
    or months.abc_class is null
    or classes.abc_class <> months.abc_class
