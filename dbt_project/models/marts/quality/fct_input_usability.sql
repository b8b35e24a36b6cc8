with listed as (select * from {{ ref('int_input_findings_listed') }}),

findings as (select * from {{ ref('policy_input_findings') }}),

final as (

    select
        listed.finding_key,
        coalesce(listed.severity, findings.severity) as severity,
        case when listed.severity = 'critical' then 1 else findings.severity_rank end
            as severity_rank,
        listed.step,
        listed.source,
        listed.table_name,
        listed.column_name,
        listed.finding_code,
        findings.name_en as finding_en,
        findings.name_zh as finding_zh,
        listed.detail_en,
        listed.detail_zh,
        listed.affected_count,
        listed.checked_count,
        findings.advice_en,
        findings.advice_zh,
        {{ as_of_date() }} as as_of_date
    from listed
    inner join findings on listed.finding_code = findings.finding_code

)

select * from final
