"""What customers answer when they are asked: nps twice a year, csat and ces after tickets. Many do not answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from simulator.crm.cells import accounts_of, blanked, chosen, contacts_of, moments_of, office_minute
from simulator.crm.needs import Needs
from simulator.crm.people import People
from simulator.crm.scene import Scene, grid, last_change
from simulator.crm.tables import SURVEY
from simulator.crm.texts import NEGATIVE, NEUTRAL, POSITIVE, Meanings, draw_meanings, write_texts
from simulator.crm.ticket_rows import ticket_numbers
from simulator.crm.tickets import QUESTION, Tickets
from simulator.draws import Bools, Ints
from simulator.erp_rows import evening
from simulator.seasons import NEVER
from simulator.tables import Rows

NPS, CSAT, CES = range(3)
KINDS = ("nps", "csat", "ces")
BEST = np.array([10, 5, 5])
_WAVE = 180
_ANSWERS = np.array([0.14, 0.0, 0.24, 0.34, 0.42, 0.52, 0.58])


@dataclass(frozen=True, slots=True)
class Surveys:
    """One entry per question asked. `ticket` points into the tickets or is -1; answered may be NEVER."""

    row: Ints
    person: Ints
    ticket: Ints
    kind: Ints
    nth: Ints
    asked: Ints
    answered: Ints
    score: Ints
    remarks: Bools
    meanings: Meanings
    numbers: pa.Array

    def key(self, scene: Scene, people: People) -> tuple[Ints, Ints, Ints, Ints]:
        """What addresses the answer's own chance."""
        return scene.accounts.number[self.row], people.slot[self.person], self.kind, self.nth


def draw_surveys(scene: Scene, people: People, needs: Needs, tickets: Tickets) -> Surveys:
    """Every question asked up to the last day."""
    row, person, ticket, kind, nth, asked = (
        np.concatenate(parts) for parts in zip(_waves(scene, people), _after_tickets(scene, tickets), strict=True)
    )
    happens = (asked >= scene.first) & (asked <= scene.until) & people.present(person, asked)
    row, person, ticket, kind, nth, asked = (part[happens] for part in (row, person, ticket, kind, nth, asked))
    draws = scene.draws
    key = (scene.accounts.number[row], people.slot[person], kind, nth)
    level = people.level_on(person, asked)
    strain = scene.strain_on(row, asked)
    waited = np.minimum(25, 1 + np.floor(3.0 * draws.exponential("answer", *key))).astype(np.int64)
    answers = draws.chance("answers", np.where(kind == NPS, _ANSWERS[level + 1], 0.5), *key) & people.present(
        person, asked + waited
    )
    feeling = needs.contentment[row] + 0.55 * (level - 2) - 3.2 * strain + 1.2 * draws.normal("feeling", *key)
    waits = np.where(ticket >= 0, np.minimum(20, _of_ticket(tickets.solved - tickets.opened, ticket)), 0)
    of_five = np.round(1.0 + 0.52 * (feeling - 0.9) - 0.07 * waits)
    score = np.where(kind == NPS, np.clip(np.round(feeling), 0, 10), np.clip(of_five, 1, 5)).astype(np.int64)
    theme = needs.themes(draws, "survey theme", row, *key)
    theme = np.where(
        ticket >= 0, np.where(draws.chance("same theme", 0.7, *key), _of_ticket(tickets.theme, ticket), theme), theme
    )
    share = score / BEST[kind]
    sentiment = np.where(share >= 0.8, POSITIVE, np.where(share <= 0.6, NEGATIVE, NEUTRAL))
    return Surveys(
        row=row,
        person=person,
        ticket=ticket,
        kind=kind,
        nth=nth,
        asked=asked,
        answered=np.where(answers, asked + waited, NEVER),
        # a few answer in words alone: no score is not a score of nought
        score=np.where(draws.chance("no score", 0.05, *key), -1, score),
        remarks=answers & draws.chance("remarks", 0.55, *key),
        meanings=draw_meanings(draws, "survey", theme, sentiment, *key),
        numbers=_numbers(key),
    )


def survey_rows(scene: Scene, people: People, tickets: Tickets, surveys: Surveys) -> Rows:
    """The questions asked, and the answers that came, in the scene's days."""
    changed_at = last_change(surveys.asked, surveys.answered, until=scene.until)
    at = np.flatnonzero(scene.wanted(surveys.asked, changed_at))
    draws, row, kind = scene.draws, surveys.row[at], surveys.kind[at]
    key = tuple(part[at] for part in surveys.key(scene, people))
    answered = np.where(surveys.answered[at] <= scene.until, surveys.answered[at], NEVER)
    is_open = answered == NEVER
    texts = write_texts(draws, "survey", surveys.meanings.only(at), scene.languages()[row], *key)
    ticket = surveys.ticket[at]
    numbers = (
        ticket_numbers(scene, tickets).take(pa.array(np.maximum(0, ticket)))
        if len(tickets.row)
        else pa.nulls(at.size, pa.string())
    )
    return Rows(
        table=SURVEY,
        values={
            "survey_no": surveys.numbers.take(pa.array(at)),
            "account_no": accounts_of(key[0]),
            "contact_no": contacts_of(key[0], np.where(draws.chance("anonymous", 0.06, *key), -1, key[1])),
            "ticket_no": blanked(numbers, ticket < 0),
            "kind": chosen(KINDS, kind),
            "state": chosen(("asked", "answered"), (~is_open).astype(np.int64)),
            "score": blanked(pa.array(surveys.score[at]), is_open | (surveys.score[at] < 0)),
            "best_score": pa.array(BEST[kind]),
            "remark": blanked(pa.array(texts, pa.string()), is_open | ~surveys.remarks[at]),
            "asked_at": moments_of(surveys.asked[at], office_minute(draws, "asked", *key)),
            "answered_at": moments_of(answered, office_minute(draws, "answered", *key)),
        },
        entered=surveys.asked[at],
        changed=changed_at[at],
        minute=evening(draws, *key),
    )


def _waves(scene: Scene, people: People) -> tuple[Ints, ...]:
    """Each half-year a quarter of the people that we are in contact with, in a month of their own."""
    person, wave = grid(len(people), range(scene.first // _WAVE, scene.until // _WAVE + 1))
    number, slot = scene.accounts.number[people.row[person]], people.slot[person]
    asked = wave * _WAVE + scene.draws.below("asked on", 60, number, slot, wave)
    chosen_ = scene.draws.chance("asked", 0.25, number, slot, wave) & (people.level_on(person, asked) != 0)
    chosen_ &= ~scene.draws.chance("refuses mail", 0.05, number, slot) & (asked <= scene.until)
    person, wave, asked = person[chosen_], wave[chosen_], asked[chosen_]
    none = np.full(person.size, -1, dtype=np.int64)
    return people.row[person], person, none, np.zeros(person.size, dtype=np.int64), wave, asked


def _after_tickets(scene: Scene, tickets: Tickets) -> tuple[Ints, ...]:
    """A third of those whose ticket was solved are asked the day after; questions are asked about the effort."""
    key = tickets.key(scene)
    at = np.flatnonzero(
        (tickets.person >= 0) & (tickets.solved < NEVER) & scene.draws.chance("asked after", 0.33, *key)
    )
    kind = np.where(
        (tickets.kind[at] == QUESTION) & scene.draws.chance("effort", 0.4, *(part[at] for part in key)), CES, CSAT
    )
    nth = (tickets.source[at] * 100_000 + tickets.nth[at]) * 10 + tickets.position[at]
    return tickets.row[at], tickets.person[at], at, kind, nth, tickets.solved[at] + 1


def _of_ticket(values: Ints, ticket: Ints) -> Ints:
    """The value of each answer's ticket; 0 for an answer about none."""
    return np.append(values, 0)[ticket]


def _numbers(key: tuple[Ints, ...]) -> pa.Array:
    columns = [part.tolist() for part in key]
    return pa.array(
        [f"SV{number:06d}-{slot:02d}-{kind}{nth}" for number, slot, kind, nth in zip(*columns, strict=True)],
        pa.string(),
    )
