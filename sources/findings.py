"""What the test of a source finds: whether it can be read as its mapping says. Nothing is loaded and nothing kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sources.api.connector import Connector, Finding
from sources.api.drift import refuse_changed
from sources.api.reading import refuse_foreign_keys
from sources.databases.opening import open_database
from sources.feed import Progress
from sources.files.findings import file_findings
from sources.mapping.mapping import DatasetMapping, SourceMapping
from sources.outside import Outside
from sources.systems import KINDS, open_system
from warehouse.errors import Problem


def source_findings(
    mapping: SourceMapping, *, company_folder: Path, outside: Outside, progress: Progress = lambda _: None
) -> Iterator[Finding]:
    """Yield what works and what does not: the way in, then each dataset's rights, columns, rows and freshness.

    Nothing is raised for what a person can mend: a Problem becomes a finding, and what can still be asked is asked.
    """
    try:
        if mapping.options.kind in KINDS:
            yield from _system_findings(mapping, outside, progress)
        elif mapping.options.kind == "erp_database":
            progress(f"{mapping.name}: asking the database, which may count for a while")
            database = open_database(mapping, erp_url=outside.erp_url, environment=outside.environment)
            yield from database.test()
        else:
            yield from file_findings(mapping, company_folder=company_folder, outside=outside, progress=progress)
    except Problem as problem:
        yield finding_of(problem.thing, problem)


def finding_of(what: str, problem: Problem) -> Finding:
    """Return a problem as a finding."""
    return Finding(what, is_well=False, told=problem.seen, next_step=problem.next_step)


def _system_findings(mapping: SourceMapping, outside: Outside, progress: Progress) -> Iterator[Finding]:
    with closing(open_system(mapping.options, outside)) as connector:
        progress(f"{mapping.name}: asking the system")
        may_be_read = set()
        for finding in connector.test({each.name: each.options for each in mapping.datasets}):
            if finding.is_well:
                may_be_read.add(finding.what)
            yield finding
            progress(f"{mapping.name}: {finding.what}")
        for dataset in mapping.datasets:
            if f"dataset {dataset.name}" in may_be_read:
                yield _columns_finding(mapping, dataset, connector)


def _columns_finding(mapping: SourceMapping, dataset: DatasetMapping, connector: Connector) -> Finding:
    """Return whether the mapping's columns are there, and are what it takes them for."""
    what = f"dataset {dataset.name}, columns"
    try:
        refuse_foreign_keys(mapping, dataset, connector.key_column)
        fields = connector.fields(dataset.options)
        refuse_changed(dataset, fields, thing=f"source {mapping.name}")
    except Problem as problem:
        return finding_of(what, problem)
    return Finding(what, is_well=True, told=f"all {len(dataset.columns)} are there, of {len(fields)}")
