-- All 125 cells have a segment; a missing one would leave its accounts without a name.
with scores as (

    select 1 as score
    union all
    select 2 as score
    union all
    select 3 as score
    union all
    select 4 as score
    union all
    select 5 as score

),

cells as (

    select
        recency.score as recency_score,
        frequency.score as frequency_score,
        monetary.score as monetary_score
    from scores as recency
    cross join scores as frequency
    cross join scores as monetary

)

select
    coalesce(cells.recency_score, segments.recency_score) as recency_score,
    coalesce(cells.frequency_score, segments.frequency_score) as frequency_score,
    coalesce(cells.monetary_score, segments.monetary_score) as monetary_score
from cells
full outer join {{ ref('policy_rfm_segments') }} as segments
    on
        cells.recency_score = segments.recency_score
        and cells.frequency_score = segments.frequency_score
        and cells.monetary_score = segments.monetary_score
where cells.recency_score is null or segments.segment_code is null
