"""What the tasks of a night are called where people see them: sentences, in the order of the night."""

from __future__ import annotations

OPEN_NIGHT = "Decide the day and open the night"
TELL_OPERATORS = "Tell the operators how the night went"
STAGE_NAMES = {
    "extract": "Read what is new from each source",
    "check_raw": "Check what arrived",
    "match": "Find which records are one customer",
    "transform": "Build and test the marts",
    "check_marts": "Check the marts",
    "score": "Score the customers and make the lists",
    "check_scores": "Check the scores and the lists",
    "publish": "Publish the night in one moment",
    "deliver": "Mail the lists to the account managers",
}
