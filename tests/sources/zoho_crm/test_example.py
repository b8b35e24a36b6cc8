"""The example's mapping fits a Zoho CRM as every company begins with it."""

from __future__ import annotations

from pathlib import Path

from sources.api.drift import refuse_changed
from sources.mapping.reader import read_mapping
from tests.sources.zoho_crm.visits import Visitor
from warehouse.company import load_company

EXAMPLE = Path(__file__).parents[3] / "examples" / "zoho_crm"


def test_every_column_of_the_example_is_there_and_can_become_what_it_is_to_be(visitor: Visitor) -> None:
    mapping = read_mapping(load_company(str(EXAMPLE)), "crm")
    connector = visitor.open()
    assert len(mapping.datasets) >= 10
    for dataset in mapping.datasets:
        refuse_changed(dataset, connector.fields(dataset.options), thing="the example")


def test_the_examples_source_is_well_in_a_test(visitor: Visitor) -> None:
    mapping = read_mapping(load_company(str(EXAMPLE)), "crm")
    datasets = {
        dataset.name: dataset.options.model_copy(update={"columns": dataset.columns}) for dataset in mapping.datasets
    }
    findings = list(visitor.open().test(datasets))
    assert [finding for finding in findings if not finding.is_well] == []
    assert len(findings) == len(datasets) + 2
