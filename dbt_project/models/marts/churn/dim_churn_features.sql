with features as (select * from {{ ref('policy_churn_features') }}),

themes as (select * from {{ ref('policy_churn_themes') }}),

final as (

    select
        features.feature_code,
        features.position,
        features.theme as theme_code,
        themes.name_en as theme_name_en,
        themes.name_zh as theme_name_zh,
        features.window_days,
        features.direction,
        features.is_told,
        features.name_en,
        features.name_zh,
        features.meaning_en,
        features.meaning_zh,
        {{ as_of_date() }} as as_of_date
    from features
    inner join themes on features.theme = themes.theme

)

select * from final
