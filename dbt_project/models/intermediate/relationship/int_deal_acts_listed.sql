{%- set acts = {
    'bid_helped_specify': (
        'bids', 'bid_id', 'coalesce(published_date, submitted_date, due_date)', 'helped_specify',
    ),
    'bid_short_listed': (
        'bids', 'bid_id', 'coalesce(decided_date, due_date)', 'our_rank <= short_list_rank',
    ),
    'bid_won': ('bids', 'bid_id', 'coalesce(decided_date, due_date)', "bid_result = 'won'"),
    'contract_signed': (
        'contracts', 'contract_id', 'coalesce(signed_date, start_date)',
        "coalesce(contract_status, 'active') in ('active', 'ended') and not is_trial",
    ),
    'contract_ended': (
        'contracts', 'contract_id', 'coalesce(notice_date, end_date)',
        "ended_by = 'customer' and not is_trial",
    ),
} -%}
with told_bids as (select * from {{ ref('stg_raw__bids') }}),

told_contracts as (select * from {{ ref('stg_raw__contracts') }}),

policy as ({{ policy_values(['relationship_short_list_rank']) }}),

bids as (

    select
        told_bids.*,
        policy.relationship_short_list_rank as short_list_rank
    from told_bids
    cross join policy

),

contracts as (

    select
        source,
        contract_id,
        account_id,
        opportunity_id,
        cast(null as text) as account_manager_id,
        contract_status,
        ended_by,
        coalesce(is_trial, false) as is_trial,
        start_date,
        end_date,
        signed_date,
        notice_date,
        known_date,
        superseded_date
    from told_contracts

),

-- no one person stands for these: they are acts of the customer
final as (
    {% for kind, (entity, key, day, condition) in acts.items() %}
        select
            source,
            '{{ entity }}' as entity,
            {{ key }} as record_id,
            '{{ kind }}' as kind,
            account_id,
            cast(null as text) as contact_id,
            opportunity_id,
            account_manager_id,
            {{ day }} as happened_date,
            known_date,
            superseded_date
        from {{ entity }}
        where {{ condition }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from final
