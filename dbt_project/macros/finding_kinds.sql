{#-
    Where each kind of finding about the inputs comes from: the step that sees it, the
    query of int_input_findings_listed that lists it, and an expression for each of its
    columns. What a kind does not tell is null.
-#}
{% macro finding_kinds() -%}
    {{ return({
    'not_delivered': {
        'step': 'extract', 'from': 'tonight',
        'where': "is_newest and extract_state in ('carried', 'failed')",
        'source': 'source', 'table_name': 'entity',
    },
    'rows_refused': {
        'step': 'extract', 'from': 'tonight', 'where': 'is_newest and quarantined_count > 0',
        'source': 'source', 'table_name': 'entity',
        'affected_count': 'quarantined_count', 'checked_count': 'extracted_count',
    },
    'column_not_mapped': {
        'step': 'extract', 'from': 'source_columns',
        'where': 'is_news and first_seen_date = ' ~ as_of_date(),
        'source': 'source', 'table_name': 'dataset', 'column_name': 'column_name',
    },
    'promise_broken': {
        'step': 'check raw', 'from': 'broken', 'table_name': 'substr(suite, 5)',
        'column_name': 'column_name', 'severity': 'severity', 'promise': 'expectation',
        'detail_en': 'description_en', 'detail_zh': 'description_zh',
        'affected_count': 'failed_count', 'checked_count': 'checked_count',
    },
    'no_records': {
        'step': 'transform', 'from': 'entities', 'where': 'not has_records', 'table_name': 'entity',
    },
    'value_missing': {
        'step': 'transform', 'from': 'missing',
        'table_name': 'table_name', 'column_name': 'column_name',
        'affected_count': 'affected_count', 'checked_count': 'checked_count',
    },
    'circular_parents': {
        'step': 'transform', 'from': 'circles', 'where': 'affected_count > 0',
        'table_name': "'dim_accounts'", 'column_name': "'parent_account_id'",
        'affected_count': 'affected_count', 'checked_count': 'checked_count',
    },
}) }}
{%- endmacro %}
