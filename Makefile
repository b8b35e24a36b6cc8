# The commands of the project; `make` alone lists them. Every recipe calls the project's own environment.
.DEFAULT_GOAL := help
SHELL := /bin/sh
# Hundreds of short processes share the libraries: where compiled modules are not kept, each would compile them anew.
export PYTHONDONTWRITEBYTECODE :=
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready

# make nightly COMPANY=examples/online_retail DATA=path/to/files AS_OF=2011-09-09
COMPANY ?= $(or $(GUANXI_COMPANY),examples/simulated)
FLAGS := --company $(COMPANY) $(if $(AS_OF),--as-of $(AS_OF)) $(if $(DATA),--data $(DATA)) $(if $(ACCOUNTS),--accounts $(ACCOUNTS))

LOCKING := --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet

help:  ## show these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(READY)  ## make the environment .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	awk '/^uv==/ {take = 1} take {print} take && !/\\$$/ {exit}' requirements.lock > .venv/installer.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/installer.lock
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch $(READY)

nightly: $(READY)  ## run a company's next night through Airflow's DAG (COMPANY=, AS_OF=, DATA=, ACCOUNTS=)
	$(BIN)/guanxi nightly --through airflow $(FLAGS)

test: style  ## linters, type check, every test, and one whole night
	$(MAKE) --jobs=2 pytest types sql

lint: style  ## formatting, linters, types
	$(MAKE) --jobs=2 types sql

style: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

sql: $(READY)
	$(BIN)/python -m tests.lint_sql

pytest: $(READY)
	$(BIN)/pytest

up: $(READY)  ## start the local stack: PostgreSQL, Airflow, mail server; Ctrl-C stops it
	$(BIN)/guanxi up --company $(COMPANY)

down: $(READY)  ## stop the local stack
	$(BIN)/guanxi down

status: $(READY)  ## show the local stack and the newest nights
	$(BIN)/guanxi stack
	$(BIN)/guanxi status --company $(COMPANY)

psql: $(READY)  ## open psql as the BI reader
	$(BIN)/guanxi psql --company $(COMPANY)

bench: $(READY)  ## seconds and memory of each stage, how a night follows what changed, what relationships cost of it, and rows a second of each kind of source
	$(BIN)/python -m benchmarks.night
	$(BIN)/python -m benchmarks.history
	$(BIN)/python -m benchmarks.relationship_cost
	$(BIN)/python -m benchmarks.sources

bench-models: $(READY)  ## the churn model beside every rule, on real and simulated companies (DATA= folder with online_retail)
	$(BIN)/python -m benchmarks.models $(if $(DATA),--data $(DATA))

bench-mails: $(READY)  ## what becomes of 200 mails under each fault of a mail server, and of a sender that is killed
	$(BIN)/python -m benchmarks.mails

docs: $(READY)  ## write docs/data-dictionary.md, docs/entities.md and docs/bi-contract.csv anew from the contracts
	$(BIN)/python -m warehouse.dictionary
	$(BIN)/python -m warehouse.bi_contract
	$(BIN)/python -m sources.mapping.entity_page

lock: $(READY)  ## write both requirements.lock anew: ours from pyproject.toml, that of the tests' Tryton from its list
	$(BIN)/uv pip compile pyproject.toml --all-extras $(LOCKING) --output-file requirements.lock
	$(BIN)/uv pip compile tests/servers/tryton/requirements.in $(LOCKING) --output-file tests/servers/tryton/requirements.lock

clean: $(READY)  ## stop the local stack and remove all state: .guanxi
	-$(BIN)/guanxi down
	rm -rf $(or $(GUANXI_HOME),.guanxi)

.PHONY: help setup nightly test lint style types sql pytest up down status psql bench bench-models bench-mails docs lock clean
