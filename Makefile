# What people and the continuous integration run alike. `make` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3),python3.11)
RUN := .venv/bin/python
PYTEST := $(RUN) -m pytest
CODE := $(wildcard jobs expectations dags simulator service demo benchmarks setup tests)

# No library we use may report home. Neither Airflow 3.3 nor Great Expectations 1.24 does; should one begin again,
# these are the names they have asked under.
export GX_ANALYTICS_ENABLED := false
export SCARF_ANALYTICS := false
export DO_NOT_TRACK := 1

##@ Every day

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## make .venv ready: packages, Java libraries, Spark's settings (quick when nothing changed)
	@$(PYTHON) setup

.PHONY: demo
LANDING ?= $(wildcard ../shared/samples/week/landing)
demo: setup ready-to-serve ## a week of listens and a live service through the whole house (LANDING=folder for your own week, KEEP=1 leaves it up)
	$(RUN) -m demo $(if $(LANDING),--landing $(LANDING)) $(if $(KEEP),--keep-airflow)

.PHONY: test
test: setup ready-to-test lint ## everything that must pass before a change goes in
	@echo "== tests without Spark or Airflow"
	$(PYTEST) -m "not (spark or airflow or browser or prove)"
	@echo "== tests with Spark"
	$(PYTEST) -m "spark and not (airflow or browser or prove)"
	@echo "== tests with Airflow or a browser"
	$(PYTEST) -m "(airflow or browser) and not prove"
	@echo "== all passed"

.PHONY: ready-to-serve ready-to-test
ready-to-serve:
	@$(PYTHON) setup serving
ready-to-test:
	@$(PYTHON) setup testing

.PHONY: lint
lint: setup ## style, types, the direction of imports, licences
	@echo "== style"
	.venv/bin/ruff check .
	.venv/bin/ruff format --check --quiet .
	@echo "== types"
	.venv/bin/mypy $(CODE)
	@echo "== imports"
	.venv/bin/lint-imports --no-logo
	@echo "== licences"
	$(RUN) setup/licences.py

.PHONY: format
format: setup ## put the code into the one style
	.venv/bin/ruff check --fix --quiet . || true
	.venv/bin/ruff format .

##@ Now and then

.PHONY: docs
docs: setup ## write docs/tables.md anew from the table declarations
	$(RUN) -m jobs.tables.document > docs/tables.md.new
	mv docs/tables.md.new docs/tables.md

.PHONY: cover
cover: setup ready-to-test ## which lines the tests reach
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

.PHONY: lock
UPGRADE ?=
COMPILE := .venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock: ## write requirements/*.lock anew (UPGRADE=--upgrade for the newest that setup.cfg allows)
	$(COMPILE) $(UPGRADE) requirements/bootstrap.in -o requirements/bootstrap.lock
	$(COMPILE) $(UPGRADE) setup.cfg requirements/build.in --all-extras -o requirements/podledger.lock

.PHONY: clean
clean: ## remove what tests and tools left behind; .venv and lakes stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis var/coverage var/prove
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Proofs behind the published figures; a finished one is kept until the code it is about changes

PROOFS := properties crash scale dags killed payouts
PROVED := $(PROOFS:%=var/prove/%)
COUNTED_BY := setup.cfg requirements/podledger.lock $(shell find conf jobs expectations -name '*.py' -o -name '*.toml' -o -name '*.json' 2>/dev/null)

.PHONY: prove $(PROOFS:%=prove-%)
prove: $(PROVED) ## all proofs that are not done
prove-properties: var/prove/properties ## any order, copies and splits of the same records count the same
prove-crash: var/prove/crash ## killed anywhere and started again, the result is the same, of listens and of money
prove-scale: var/prove/scale ## a large day in the promised time and memory
prove-dags: var/prove/dags ## a real scheduler runs the pipelines, backfills and replays, and people close a month there
prove-killed: var/prove/killed ## the service killed 100 times under 32 syncing devices, on both kinds of storage
prove-payouts: var/prove/payouts ## 2 000 random months to the unit as by a reference, and a year of closes as from scratch

var/prove/properties: PROOF = TEST_EXAMPLES=40 $(PYTEST) -m spark tests/properties
var/prove/crash: PROOF = $(PYTEST) -m prove tests/crash
var/prove/scale: PROOF = $(RUN) -m benchmarks.throughput --sizes 3 --repeats 1 --contestants podledger duckdb
var/prove/dags: PROOF = $(PYTEST) -m airflow tests/dags/test_scheduler.py tests/dags/test_close.py
var/prove/killed: PROOF = $(PYTEST) -m prove -o log_cli=true --log-cli-level=INFO tests/service/test_killed.py
var/prove/payouts: PROOF = TEST_MONTHS=2000 TEST_YEAR_MONTHS=12 $(PYTEST) -m spark \
  tests/settlement/test_allocation.py tests/settlement/test_year.py
var/prove/killed: $(shell find service simulator tests/service -name '*.py' 2>/dev/null)
var/prove/properties var/prove/crash var/prove/dags var/prove/payouts: $(shell find tests -name '*.py' 2>/dev/null)
var/prove/scale: $(shell find benchmarks simulator -name '*.py' 2>/dev/null)
var/prove/dags: $(shell find dags demo -name '*.py' 2>/dev/null)

$(PROVED): var/prove/%: $(COUNTED_BY) | setup ready-to-test
	@echo "== proof: $*"
	$(PROOF)
	@mkdir -p var/prove
	@date -u +%FT%TZ > $@
