"""A real Tryton's nights, from its API to raw: what its own tables hold is what raw says, whatever went wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.framework import Fault, FaultKind
from tests.servers.tryton.desk import Desk, Proxy
from tests.sources.tryton.nights import Killed, Nights
from tests.sources.tryton.rows import SOUGHT, held

# what goes wrong in a night, and after how many pages its first two attempts die
BAD_NIGHTS: list[tuple[tuple[FaultKind, FaultKind, FaultKind], tuple[int, int]]] = [
    (("too_many_requests", "server_error", "cut_body"), (1, 2)),
    (("no_json", "dropped", "slow"), (3, 2)),
    (("empty_page", "expired_token", "repeated_page"), (5, 1)),
]


def _ids(desk: Desk, model: str, *domain: list[Any]) -> list[int]:
    found: list[int] = desk.call(model, "search", list(domain), 0, None, [["id", "ASC"]])
    return found


def test_first_load_then_nothing_then_inserts_updates_and_deletes(nights: Nights, desk: Desk) -> None:
    first = nights.run()
    assert {entity for entity, report in first.items() if report.new != report.extracted or report.quarantined} == set()
    assert {entity for entity, report in first.items() if report.new} == set(SOUGHT)
    nights.assert_same_rows(*SOUGHT)
    nights.next_day()
    second = nights.run()
    assert {entity: (each.new, each.changed, each.deleted) for entity, each in second.items()} == dict.fromkeys(
        SOUGHT, (0, 0, 0)
    )
    changed = _work(desk)
    nights.next_day()
    third = nights.run()
    assert {entity: (each.new, each.changed, each.deleted) for entity, each in third.items()} == changed
    nights.assert_same_rows(*SOUGHT)


def _work(desk: Desk) -> dict[str, tuple[int, int, int]]:
    """Do a day's work in every model that is read; return what of it raw must learn: new, changed, deleted."""
    (faro,) = _ids(desk, "party.party", ["name", "=", "Faro Lda."])
    desk.call("party.party", "write", [faro], {"name": "Faro Lda. e Filhos"})
    (ahrens,) = _ids(desk, "party.party", ["name", "=", "Ahrens GmbH"])
    desk.call("party.party", "write", [ahrens], {"active": False})
    (newcomer,) = desk.call("party.party", "create", [{"name": "Neu & Co", "addresses": [["create", [{}]]]}])
    (gone,) = desk.call("party.party", "create", [{"name": "A mistake"}])
    desk.call("party.party", "delete", [gone])
    # the relations of a person must go before the person can
    (person,) = _ids(desk, "party.party", ["name", "=", "Person 1"])
    desk.call("party.relation.all", "delete", _ids(desk, "party.relation.all", ["to", "=", person]))
    desk.call("party.party", "delete", [person])
    # the price is the template's: the product itself is not written
    (template,) = _ids(desk, "product.template", ["name", "=", "Lamp"])
    desk.call("product.template", "write", [template], {"list_price": {"__class__": "Decimal", "decimal": "41.50"}})
    (lamp,) = _ids(desk, "product.product", ["template", "=", template])
    (address,) = _ids(desk, "party.address", ["party", "=", newcomer])
    line = {
        "type": "line", "product": lamp, "quantity": 7.0,
        "unit": desk.call("product.product", "read", [lamp], ["sale_uom"])[0]["sale_uom"],
        "unit_price": {"__class__": "Decimal", "decimal": "41.50"},
    }  # fmt: skip
    day = {"__class__": "date", "year": 2026, "month": 3, "day": 20}
    sale = {
        "party": newcomer, "invoice_address": address, "shipment_address": address, "sale_date": day,
        "invoice_method": "order", "shipment_method": "manual", "lines": [["create", [line, line]]],
    }  # fmt: skip
    (made,) = desk.call("sale.sale", "create", [sale])
    desk.call("sale.sale", "quote", [made])
    (draft,) = _ids(desk, "sale.sale", ["state", "=", "draft"], ["origin", "=", None])
    desk.call("sale.sale", "cancel", [draft])
    (cancelled,) = _ids(desk, "sale.sale", ["state", "=", "cancelled"], ["id", "!=", draft])
    lines = len(_ids(desk, "sale.line", ["sale", "=", cancelled], ["type", "=", "line"]))
    desk.call("sale.sale", "delete", [cancelled])
    (lead,) = _ids(desk, "sale.opportunity", ["state", "=", "lead"])
    desk.call("sale.opportunity", "write", [lead], {"amount": {"__class__": "Decimal", "decimal": "1234.56"}})
    (complaint,) = _ids(desk, "sale.complaint")
    desk.call("sale.complaint", "draft", [complaint])
    nothing = (0, 0, 0)
    return {
        "accounts": (1, 2, 1), "account_managers": nothing, "products": (0, 1, 0),
        "orders": (1, 0, 1), "order_lines": (1, 0, lines), "invoices": nothing,
        "payments": nothing, "opportunities": (0, 1, 0), "tickets": (0, 1, 0),
    }  # fmt: skip


@pytest.mark.parametrize("first_kill", range(1, 5))
def test_a_first_load_goes_on_wherever_it_was_killed(parties: Nights, proxy: Proxy, first_kill: int) -> None:
    count = len(held(parties.tryton, "accounts"))
    with pytest.raises(Killed):
        parties.run(kill_after=first_kill)
    report = parties.run()["accounts"]
    assert (report.new, report.quarantined) == (count, 0)
    parties.assert_same_rows("accounts")
    assert proxy.logins == 1, "the second process goes on with the session of the first"


def test_nothing_is_lost_or_doubled_under_faults_and_kills(parties: Nights, desk: Desk, proxy: Proxy) -> None:
    """Every night all parties change, one comes and one goes, things fail, and the process dies twice."""
    parties.run()
    last: list[int] = []
    for kinds, kills in BAD_NIGHTS:
        parties.next_day()
        guest = desk.call("party.party", "create", [{"name": f"Guest of {parties.day}"}])
        desk.call("party.party", "write", _ids(desk, "party.party"), {"name": f"Renamed on {parties.day}"})
        desk.call("party.party", "delete", last)
        last = guest
        proxy.script.faults = [Fault(kind, at, seconds=0.05) for kind, at in zip(kinds, (0, 3, 7), strict=True)]
        for kill_after in kills:
            with pytest.raises(Killed):
                parties.run(kill_after=kill_after)
        parties.run()
        parties.assert_same_rows("accounts")
    assert [fault.kind for fault in proxy.script.faults] == []
    assert {fault.kind for fault in proxy.script.shown} == {kind for kinds, _ in BAD_NIGHTS for kind in kinds}
    assert parties.workshop.query("select 1 from ops.walks") == []


def test_a_day_that_runs_again_gives_the_same_rows(parties: Nights, desk: Desk) -> None:
    parties.run()
    parties.next_day()
    (party,) = desk.call("party.party", "create", [{"name": "Twice"}])
    parties.run()
    once = parties.workshop.query(
        "select record_id, known_at, content_hash, is_deleted from raw.accounts order by 1, 2"
    )
    parties.run()
    again = parties.workshop.query(
        "select record_id, known_at, content_hash, is_deleted from raw.accounts order by 1, 2"
    )
    assert again == once
    assert str(party) in {record for record, *_ in once}


def test_a_session_that_ends_in_the_middle_is_made_anew_once(parties: Nights, proxy: Proxy) -> None:
    proxy.script.faults = [Fault("expired_token", 5)]
    parties.run()
    assert proxy.logins == 2
    parties.assert_same_rows("accounts")
