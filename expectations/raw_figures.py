"""SQL that the suites of raw share. raw holds versions; a suite looks at what is known at the end of the night."""

from __future__ import annotations

from expectations.suite import Scope

# The days whose nights tell the usual volume, and how many nights of how many rows make a usual one.
HISTORY_DAYS = 35
LEAST_NIGHTS = 7
LEAST_SAME_WEEKDAYS = 3
LEAST_ROWS = 20


def latest(entity: str, scope: Scope) -> str:
    """Return a subquery: the newest version of each record of an entity that is known by the night."""
    return (
        f"(select versions.* from raw.{entity} as versions where versions.known_at < {scope.known_before}"
        f" and not exists (select 1 from raw.{entity} as newer"
        " where newer.source = versions.source and newer.record_id = versions.record_id"
        f" and newer.known_at > versions.known_at and newer.known_at < {scope.known_before}))"
    )


def known_keys(entity: str, key: str, scope: Scope) -> str:
    """Return a subquery: the keys of an entity that are known by the night, from any source."""
    return f"(select distinct {key} from raw.{entity} where known_at < {scope.known_before})"


def account_key(table: str, scope: Scope) -> str:
    """Return an expression: whose the row of a table is, so that equal ids of sources with ids of their own differ."""
    if not scope.own_account_ids:
        return f"{table}.account_id"
    own = ", ".join(f"'{source}'" for source in scope.own_account_ids)
    named = f"{table}.source || '|' || {table}.account_id"
    return f"case when {table}.source in ({own}) then {named} else {table}.account_id end"


def known_accounts(scope: Scope) -> str:
    """Return a subquery: the accounts that are known by the night, as account_key names them."""
    key = account_key("accounts", scope)
    return (
        f"(select distinct {key} as account_id from raw.accounts as accounts"
        f" where accounts.known_at < {scope.known_before})"
    )


def business_date(moment: str, scope: Scope) -> str:
    return f"cast({moment} at time zone '{scope.timezone}' as date)"


def as_of(scope: Scope) -> str:
    return f"cast('{scope.as_of.isoformat()}' as date)"


def arrival_figures(entity: str, scope: Scope) -> str:
    """Return select items: ledger_gap_count and volume_rate of an entity's extract.

    volume_rate is tonight's extracted rows over the median of the same weekday's. With fewer than three of those
    it is tonight over the least (or greatest) of the nights, when tonight is below (or above) all of them: a week
    of nights has its quiet days. Only the sources that were read tonight count: one that is carried forward brings
    no rows. It is 1 where there is too little history to judge; the oldest night, which may
    have been a first load, is none.
    """
    return f"""
        abs((select count(*) from raw.{entity} as stored where stored.gen = {scope.gen})
            - coalesce((select sum(new_count + changed_count) from (
                select distinct on (source) new_count, changed_count from ops.extracts
                where gen = {scope.gen} and entity = '{entity}' and state = 'loaded' order by source, attempt desc
            ) as extracts), 0)) as ledger_gap_count,
        (select {_volume_rate()} from ({_volumes(entity, scope)}) as volumes) as volume_rate"""


def _volumes(entity: str, scope: Scope) -> str:
    return f"""
            select
                max(case when gen = {scope.gen} then amount end) as tonight,
                count(case when is_history then 1 end) as nights,
                min(case when is_history then amount end) as least,
                max(case when is_history then amount end) as greatest,
                count(case when is_history and same_weekday then 1 end) as same_weekdays,
                percentile_cont(0.5) within group (order by case when is_history and same_weekday
                    then cast(amount as double precision) end) as usual
            from (
                select gen, sum(amount) as amount,
                    extract(isodow from as_of) = extract(isodow from {as_of(scope)}) as same_weekday,
                    gen < {scope.gen} and gen > min(gen) over () as is_history
                from (
                    select extracts.gen, extracts.as_of, max(extracts.extracted_count) as amount
                    from ops.extracts as extracts
                    inner join ops.runs as runs on extracts.gen = runs.gen
                    where extracts.entity = '{entity}' and extracts.state = 'loaded'
                        and extracts.source in (select tonight.source from ops.extracts as tonight
                            where tonight.gen = {scope.gen} and tonight.entity = '{entity}'
                                and tonight.state = 'loaded')
                        and (extracts.gen = {scope.gen} or (runs.state = 'published'
                            and extracts.as_of between {as_of(scope)} - {HISTORY_DAYS} and {as_of(scope)} - 1))
                    group by extracts.gen, extracts.as_of, extracts.source
                ) as sources
                group by gen, as_of
            ) as history"""


def _volume_rate() -> str:
    is_young = f"same_weekdays < {LEAST_SAME_WEEKDAYS}"
    return f"""case
                when nights < {LEAST_NIGHTS} or tonight is null then 1
                when not {is_young} and usual >= {LEAST_ROWS} then tonight / usual
                when {is_young} and tonight < least and least >= {LEAST_ROWS} then tonight / least
                when {is_young} and tonight > greatest and greatest >= {LEAST_ROWS} then tonight / greatest
                else 1 end"""
