# Every target sets up what it needs; a fresh machine needs Python >= 3.11, git and make.

PYTHON ?= python3
BIN := .venv/bin
STORE ?= sqlite
RUNS ?= 20000
SEED ?= $(shell date +%s)
# Tests of what runs in processes of its own, of what is not confsync, and those that disturb every call of what others
# cover. Coverage would tell nothing of them, and double the time that they compute. (The doctor is in the tests' process.)
APART := $(filter-out %/test_doctor.py,$(wildcard tests/end_to_end/test_*.py)) tests/browser tests/deploy \
	tests/playground tests/simulation tests/usecases/test_crashes_usecase.py tests/usecases/test_store_faults_usecase.py
# more than processors, for many wait: for leases, backoff, other processes
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')

# all is compiled once, and not by each of hundreds of processes
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo playground test check lint types imports simulate bench constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "confsync needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: .venv/ready ## run the main job on localhost and check every promise (STORE=firestore: on the emulator)
	$(BIN)/python -m playground demo --store $(STORE)

playground: .venv/ready ## the same simulators and functions, to try by hand
	$(BIN)/python -m playground serve --store $(STORE)

test: .venv/ready ## run the tests
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

check: .venv/ready lint types imports ## all that CI runs: lint, types, import rules, tests with coverage, among them the demo
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(APART)
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(addprefix --ignore=,$(APART)) --cov --cov-report=term:skip-covered

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy shared/confsync shared/playground functions deploy

imports: .venv/ready
	$(BIN)/lint-imports

simulate: .venv/ready ## the crash machine for longer: RUNS=20000 stories, SEED=... to tell the same ones again
	RUNS=$(RUNS) SEED=$(SEED) $(BIN)/pytest tests/simulation -n auto --no-header -q

bench: .venv/ready ## measure, and print the ratios (takes some minutes)
	$(BIN)/python -m tests.benchmarks

constraints: ## resolve constraints.txt anew (needs uv)
	uv pip compile --universal --no-emit-index-url --no-annotate --no-header --python-version 3.11 --extra dev \
		--upgrade pyproject.toml --output-file constraints.txt

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build shared/*.egg-info
