with recommended as (select * from {{ ref('int_account_products_recommended') }}),

offers as (select * from {{ ref('int_product_offers_valued') }}),

products as (select * from {{ ref('dim_products') }}),

reasons as (select * from {{ ref('policy_next_product_reasons') }}),

named as (

    select
        recommended.account_id,
        recommended.product_rank,
        offers.*,
        products.category,
        reasons.text_en,
        reasons.text_zh,
        coalesce(products.product_name, offers.product_id) as product_text,
        coalesce(
            bases.product_name,
            replace(replace(offers.basis, 'category|', ''), 'product|', '')
        ) as basis_text,
        cast(round(cast(offers.lift as numeric), 1) as {{ type_text() }}) as lift_text,
        cast(round(cast(100 * offers.peer_penetration_rate as numeric), 0) as {{ type_text() }})
            as penetration_text
    from recommended
    inner join offers on recommended.offer_number = offers.offer_number
    inner join reasons on offers.peer_scope = reasons.peer_scope
    left join products on offers.product_id = products.product_id
    left join products as bases on offers.basis = 'product|' || bases.product_id
    where recommended.snapshot_date = {{ as_of_date() }}

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
        expected_margin_amount,
        score_amount,
        {{ fill_in('text_en', ['basis', 'product', 'lift', 'penetration']) }} as reason_en,
        {{ fill_in('text_zh', ['basis', 'product', 'lift', 'penetration']) }} as reason_zh,
        {{ as_of_date() }} as as_of_date
    from named

)

select * from final
