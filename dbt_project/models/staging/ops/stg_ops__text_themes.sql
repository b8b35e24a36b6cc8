with ops_text_themes as (select * from {{ source('ops', 'text_themes') }}),

renamed as (

    select
        text_digest,
        theme_code,
        phrase,
        score
    from ops_text_themes

)

select * from renamed
