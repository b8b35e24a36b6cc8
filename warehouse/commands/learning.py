"""The stages that learn: training the churn model, scoring the accounts, making the lists."""

from __future__ import annotations

from datetime import date

from warehouse.commands.feedback import take_in_before_lists
from warehouse.commands.work import (
    Attempt,
    CompanyPath,
    Fence,
    RunId,
    Teller,
    live_build,
    open_prepared_house,
    stage_at_work,
)
from warehouse.database import Role
from warehouse.errors import Problem
from warehouse.house import House
from warehouse.night import Claim


def train(company: CompanyPath = None) -> None:
    """Train the churn model on the live generation and let it make the lists if it beats the best rule."""
    with open_prepared_house(company) as house:
        schema, as_of = live_build(house, "training")
        train_on(house, schema, as_of, Teller())


def train_on(house: House, schema: str, as_of: date, teller: Teller, *, claim: Claim | None = None) -> None:
    """Train on the marts of a schema and register what comes out; within a night, under its claim."""
    from ml.train import train as train_model

    with house.warehouse.connect(Role.SCORER) as connection:
        report = train_model(connection, schema=schema, as_of=as_of, models_folder=house.models, claim=claim)
    for line in report.lines():
        teller.say(line)


def score(run_id: RunId = None, attempt: Attempt = None, fence: Fence = None, company: CompanyPath = None) -> None:  # noqa: ARG001
    """Score the active accounts and make each account manager's churn list; the first night trains first.

    Tells besides what came of the scores that were published before. Whom a programme leaves out by chance is on no
    list. What account managers answered to earlier lists is taken in first.
    """
    from delivery.actions import build_actions
    from delivery.list_checks import build_list_checks
    from delivery.list_feedback import build_list_feedback
    from delivery.lists import build_lists
    from delivery.portfolios import build_portfolios
    from delivery.programmes import build_assignments
    from delivery.treatments import build_treatments
    from ml.lifetime.build import build_lifetime_values
    from ml.outcomes import build_outcomes
    from ml.registry import has_champion
    from ml.score import score as score_accounts

    with stage_at_work("score", run_id=run_id, fence=fence, company=company) as work:
        schema = built_schema(work.night.build_schema)
        with work.house.warehouse.connect(Role.SCORER) as connection:
            trained = has_champion(connection, as_of=work.night.as_of)
        if not trained:
            train_on(work.house, schema, work.night.as_of, work.teller, claim=work.claim)
        with work.house.warehouse.connect(Role.SCORER) as connection:
            scores = score_accounts(
                connection,
                claim=work.claim,
                schema=schema,
                as_of=work.night.as_of,
                models_folder=work.house.models,
            )
            lifetimes = build_lifetime_values(connection, claim=work.claim, schema=schema, as_of=work.night.as_of)
            arms = build_assignments(
                connection, claim=work.claim, schema=schema, as_of=work.night.as_of, company=work.house.company
            )
            take_in_before_lists(work.house, work.teller, schema=schema, as_of=work.night.as_of)
            build_list_feedback(connection, claim=work.claim, schema=schema, as_of=work.night.as_of)
            build_treatments(connection, claim=work.claim, schema=schema, as_of=work.night.as_of)
            build_actions(
                connection, claim=work.claim, schema=schema, as_of=work.night.as_of, company=work.house.company
            )
            lists = build_lists(
                connection, claim=work.claim, schema=schema, as_of=work.night.as_of, company=work.house.company
            )
            wrong = build_list_checks(
                connection, claim=work.claim, schema=schema, as_of=work.night.as_of, company=work.house.company
            )
            build_portfolios(connection, claim=work.claim, schema=schema, as_of=work.night.as_of)
            outcomes = build_outcomes(connection, claim=work.claim, schema=schema, as_of=work.night.as_of)
        for line in (
            *scores.lines(),
            *lifetimes.lines(),
            *map(str, arms),
            *lists.lines(),
            *map(str, wrong),
            *outcomes.lines(),
        ):
            work.teller.say(line)


def built_schema(schema: str | None) -> str:
    """Return the night's build schema, or raise when it has none yet."""
    if schema is None:
        raise Problem(
            "the night's marts",
            seen="this night has not been transformed yet",
            expected="a finished transform",
            next_step="guanxi transform",
        )
    return schema
