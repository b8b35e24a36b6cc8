"""What the tasks of a night are called where people see them: sentences, short enough for Airflow's grid."""

from __future__ import annotations

OPEN_NIGHT = "Open the night"
TELL_OPERATORS = "Tell the operators"
STAGE_NAMES = {
    "extract": "Read each source",
    "check_raw": "Check what arrived",
    "match": "Match the customers",
    "transform": "Build and test the marts",
    "check_marts": "Check the marts",
    "score": "Score and list customers",
    "check_scores": "Check scores and lists",
    "publish": "Publish the night",
    "deliver": "Mail the lists",
}
