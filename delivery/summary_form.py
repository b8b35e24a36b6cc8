"""How the short letters are written down: what their templates use besides. They have no spreadsheet."""

from __future__ import annotations

from typing import Any

from delivery.churn_words import money_in
from delivery.lead_letter import LeadLetter
from delivery.phrases import Phrases
from delivery.quiet_letter import QuietLetter


def lead_values(letter: LeadLetter, _phrases: Phrases) -> dict[str, Any]:
    """Return what the templates of a team lead's letter use besides the letter and its sentences."""
    return {"money": money_in(letter.currency)}


def quiet_values(letter: QuietLetter, phrases: Phrases) -> dict[str, Any]:
    """Return what the templates of an empty list's letter use besides the letter and its sentences."""
    return {"quiet": phrases.count("quiet", letter.accounts_count)}
