with scored as (

    select * from {{ ref('int_account_products_scored') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

reasons as (

    select * from {{ ref('policy_next_product_reasons') }}

),

named as (

    select
        scored.*,
        products.category,
        reasons.text_en,
        reasons.text_zh,
        coalesce(products.product_name, scored.product_id) as product_text,
        coalesce(
            bases.product_name,
            replace(replace(scored.basis, 'category|', ''), 'product|', '')
        ) as basis_text,
        cast(round(cast(scored.lift as numeric), 1) as {{ type_text() }}) as lift_text,
        cast(round(cast(100 * scored.peer_penetration_rate as numeric), 0) as {{ type_text() }})
            as penetration_text
    from scored
    inner join reasons on scored.peer_scope = reasons.peer_scope
    left join products on scored.product_id = products.product_id
    left join products as bases on scored.basis = 'product|' || bases.product_id
    where scored.snapshot_date = {{ as_of_date() }}

),

final as (

    select
        account_id || '|' || product_id as account_next_product_key,
        account_id,
        product_rank,
        product_id,
        category,
        basis,
        basis_text as basis_name,
        lift,
        support_count,
        support_rate,
        peer_scope,
        peers_count,
        peer_penetration_rate,
        purchase_rate,
        cast(purchase_rate * margin_per_buyer_amount as numeric(18, 4)) as expected_margin_amount,
        cast(purchase_rate * value_per_buyer_amount as numeric(18, 4)) as score_amount,
        {{ fill_in('text_en', ['basis', 'product', 'lift', 'penetration']) }} as reason_en,
        {{ fill_in('text_zh', ['basis', 'product', 'lift', 'penetration']) }} as reason_zh,
        {{ as_of_date() }} as as_of_date
    from named

)

select * from final
