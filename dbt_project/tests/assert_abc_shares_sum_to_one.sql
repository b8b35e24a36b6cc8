-- The shares of revenue are parts of one whole, whatever was returned.
select sum(revenue_rate) as revenue_rate
from {{ ref('fct_account_abc') }}
having abs(sum(revenue_rate) - 1) > 0.000001
