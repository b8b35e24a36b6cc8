with contacts as (select * from {{ ref('stg_raw__contacts') }}),

words as (select * from {{ ref('policy_relationship_department_words') }}),

texts as (

    select department as department_text from contacts
    where department is not null
    union
    select job_title as department_text from contacts
    where job_title is not null

),

-- the longest word decides; of two as long the last, as what a department is stands last
found as (

    select
        texts.department_text,
        words.department_code,
        row_number() over (
            partition by texts.department_text
            order by
                length(words.word) desc,
                position(words.word in lower(texts.department_text)) desc,
                words.word asc
        ) as place
    from texts
    inner join words
        on
            case
                when {{ has_chinese('words.word') }}
                    then position(words.word in texts.department_text)
                else position(
                    ' ' || words.word || ' ' in {{ latin_words('texts.department_text') }}
                )
            end > 0

),

final as (

    select
        department_text,
        department_code
    from found
    where place = 1

)

select * from final
