"""What is true behind the CRM's rows, in files beside the truth about the accounts. The pipeline never reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.crm.cells import accounts_of, chosen, contacts_of, numbered
from simulator.crm.deals import usual_openings
from simulator.crm.needs import Needs
from simulator.crm.people import People
from simulator.crm.posts import POSTS
from simulator.crm.programmes import OUTCOME_DAYS, Members, campaign_numbers
from simulator.crm.scene import PERIOD, Scene
from simulator.crm.surveys import Surveys
from simulator.crm.texts import Meanings
from simulator.crm.themes import THEME_NAMES
from simulator.crm.ticket_rows import is_wordless, ticket_numbers
from simulator.crm.tickets import Tickets
from simulator.draws import Bools, Ints
from simulator.erp_rows import dates
from simulator.files import part_of, settle
from simulator.seasons import NEVER

_SENTIMENTS = ("negative", "neutral", "positive")

SCHEMAS = {
    # One row per account on the last day. Strain is from 0 to 1; satisfaction is what its people would say of ten.
    # wallet_amount is what it spends a year in our trade, with whomever; share_of_wallet is our part of its usual year.
    "accounts": pa.schema(
        [
            ("account_id", pa.string()),
            ("need_theme", pa.string()),
            ("second_need_theme", pa.string()),
            ("wallet_amount", pa.float64()),
            ("share_of_wallet", pa.float64()),
            ("strain", pa.float64()),
            ("satisfaction", pa.float64()),
            ("contacts_count", pa.int64()),
            ("opposers_count", pa.int64()),
            ("supporters_count", pa.int64()),
        ]
    ),
    # One row per person and change of attitude while we know the person; it holds until the next, or until it leaves.
    "attitudes": pa.schema(
        [
            ("contact_id", pa.string()),
            ("account_id", pa.string()),
            ("role", pa.string()),
            ("since", pa.date32()),
            ("level", pa.int64()),
            ("left_on", pa.date32()),
        ]
    ),
    # One row per ticket with a description and per remark. A denied theme is one the text says is not the matter.
    "texts": pa.schema(
        [
            ("kind", pa.string()),
            ("record_id", pa.string()),
            ("account_id", pa.string()),
            ("language", pa.string()),
            ("theme", pa.string()),
            ("sentiment", pa.string()),
            ("second_theme", pa.string()),
            ("second_sentiment", pa.string()),
            ("denied_theme", pa.string()),
        ]
    ),
    # One row per member of a campaign: whether an opportunity would be opened within OUTCOME_DAYS after joining, were
    # it treated, and were it not; nothing while those days last. The mean difference is the effect; on orders it is 0.
    "campaign_members": pa.schema(
        [
            ("campaign_member_id", pa.string()),
            ("campaign_id", pa.string()),
            ("account_id", pa.string()),
            ("is_treated", pa.bool_()),
            ("joined_on", pa.date32()),
            ("opens_if_treated", pa.bool_()),
            ("opens_if_untreated", pa.bool_()),
        ]
    ),
}


class CrmTruth:
    """The files of one call, written block by block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._files = {name: folder / f"{name}.parquet" for name in SCHEMAS}
        self._writers: dict[str, pq.ParquetWriter] = {}

    @contextmanager
    def open(self) -> Iterator[CrmTruth]:
        """Start the files; `settle` puts them in place."""
        with ExitStack() as stack:
            for name, schema in SCHEMAS.items():
                writer = pq.ParquetWriter(part_of(self._files[name]), schema)
                self._writers[name] = stack.enter_context(writer)
            yield self

    def add(self, name: str, **columns: pa.Array) -> None:
        """Write the rows of a block."""
        self._writers[name].write_table(pa.table(columns, schema=SCHEMAS[name]))

    def settle(self) -> None:
        """Put the files in their places."""
        for file in self._files.values():
            settle(file)


def add_accounts(truth: CrmTruth, scene: Scene, people: People, needs: Needs) -> None:
    """The needs of the accounts, and how they stand with us on the last day."""
    count = len(scene.accounts)
    everyone = np.arange(len(people), dtype=np.int64)
    today = np.full(len(people), scene.until, dtype=np.int64)
    there, level = people.present(everyone, today), people.level_on(everyone, today)
    strain = scene.strain_on(np.arange(count, dtype=np.int64), np.full(count, scene.until, dtype=np.int64))

    def counted(which: Bools) -> pa.Array:
        return pa.array(np.bincount(people.row[which], minlength=count))

    truth.add(
        "accounts",
        account_id=accounts_of(scene.accounts.number),
        need_theme=chosen(THEME_NAMES, needs.first),
        second_need_theme=chosen(THEME_NAMES, needs.second),
        wallet_amount=pa.array(needs.wallet),
        share_of_wallet=pa.array(needs.share),
        strain=pa.array(strain),
        satisfaction=pa.array(np.clip(needs.contentment - 3.2 * strain, 0.0, 10.0)),
        contacts_count=counted(there),
        opposers_count=counted(there & (level < 0)),
        supporters_count=counted(there & (level >= 4)),
    )


def add_attitudes(truth: CrmTruth, scene: Scene, people: People) -> None:
    """The levels of each person from the day we know it on."""
    last = scene.until // PERIOD - people.first_period
    level = people.level[:, : last + 1]
    begins = (people.first_period + np.arange(last + 1, dtype=np.int64)) * PERIOD
    start = np.clip(people.since // PERIOD - people.first_period, 0, last)
    column = np.arange(last + 1)
    moves = np.concatenate([np.zeros((len(people), 1), dtype=np.bool_), level[:, 1:] != level[:, :-1]], axis=1)
    moves &= (column > start[:, None]) & (begins < people.left[:, None])
    moves[np.arange(len(people)), start] = True
    moves &= (people.since <= scene.until)[:, None]
    person, at = (part.astype(np.int64) for part in np.nonzero(moves))
    left = np.where(people.left <= scene.until, people.left, NEVER)
    truth.add(
        "attitudes",
        contact_id=contacts_of(scene.accounts.number[people.row[person]], people.slot[person]),
        account_id=accounts_of(scene.accounts.number[people.row[person]]),
        role=chosen([post.role for post in POSTS], people.post[person]),
        since=dates(np.maximum(begins[at], people.since[person])),
        level=pa.array(level[person, at].astype(np.int64)),
        left_on=dates(left[person]),
    )


def add_texts(truth: CrmTruth, scene: Scene, tickets: Tickets, surveys: Surveys) -> None:
    """What the descriptions and the remarks mean."""
    languages = scene.languages()
    worded = ~is_wordless(scene, tickets)
    told = tickets.only(worded)
    _add_meanings(truth, "ticket", ticket_numbers(scene, told), scene.accounts.number[told.row], languages[told.row],
                  told.meanings(scene))  # fmt: skip
    at = np.flatnonzero(surveys.remarks & (surveys.answered <= scene.until))
    row = surveys.row[at]
    numbers = surveys.numbers.take(pa.array(at))
    _add_meanings(truth, "survey", numbers, scene.accounts.number[row], languages[row], surveys.meanings.only(at))


def _add_meanings(
    truth: CrmTruth, kind: str, numbers: pa.Array, account: Ints, language: Ints, meanings: Meanings
) -> None:
    truth.add(
        "texts",
        kind=pa.array([kind] * len(numbers), pa.string()),
        record_id=numbers,
        account_id=accounts_of(account),
        language=chosen(("zh", "en"), language),
        theme=chosen(THEME_NAMES, meanings.theme),
        sentiment=chosen(_SENTIMENTS, meanings.sentiment + 1),
        second_theme=chosen(THEME_NAMES, meanings.second),
        second_sentiment=chosen(_SENTIMENTS, np.where(meanings.second < 0, -1, meanings.second_sentiment + 1)),
        denied_theme=chosen(THEME_NAMES, meanings.denied),
    )


def add_members(truth: CrmTruth, scene: Scene, members: Members) -> None:
    """What each member would have done either way."""
    row, _, opened = usual_openings(scene)
    order = np.lexsort((opened, row))
    stamps = row[order] * 2**20 + opened[order]
    first = np.searchsorted(stamps, members.row * 2**20 + members.joined, side="right")
    last = np.searchsorted(stamps, members.row * 2**20 + members.joined + OUTCOME_DAYS, side="right")
    anyway = last > first
    is_open = members.joined + OUTCOME_DAYS > scene.until
    number = scene.accounts.number[members.row]
    truth.add(
        "campaign_members",
        campaign_member_id=numbered("CM", members.quarter, number, widths=(4, 6)),
        campaign_id=campaign_numbers(members.quarter),
        account_id=accounts_of(number),
        is_treated=pa.array(members.treated),
        joined_on=dates(members.joined),
        opens_if_treated=pa.array(anyway | members.opens_treated, mask=is_open),
        opens_if_untreated=pa.array(anyway | members.opens_untreated, mask=is_open),
    )
