# Every target that needs the environment makes it first. `make` alone lists the targets.
# PYTHON: the Python to make it with. VENV: its folder, in this one. ARGS: options of `make mutants`.

PYTHON ?= python3
VENV ?= .venv
UPGRADE ?=
ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/finished
CHECKED := $(wildcard src tests benchmarks scripts)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test setup check lint format types schemas schema-drift examples bench mutants lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

demo: $(READY) ## a tour of the program on the example bills
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest

setup: ## make the environment, or bring it up to date (PYTHON=python3.12 picks the Python)
	@$(PYTHON) scripts/setup_venv.py $(VENV)

$(READY): requirements.lock requirements-engine.lock pyproject.toml scripts/setup_venv.py
	@$(PYTHON) scripts/setup_venv.py $(VENV)

check: lint types schema-drift examples ## all checks but the tests

lint: $(READY) ## style, likely bugs, and which room may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache --no-logo

format: $(READY) ## write the code in the project's style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

types: $(READY) ## check the types
	@$(BIN)/python -m mypy $(CHECKED)

schemas: $(READY) ## write the JSON schemas anew
	@$(BIN)/billpolicy schema --all --output schemas

schema-drift: $(READY) ## fail if the JSON schemas are not those of the code
	@$(BIN)/billpolicy schema --all --check schemas

examples: $(READY) ## run the demo and print nothing but its errors
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh >/dev/null

bench: $(READY) ## measure the speed, beside other programs in the same run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/python -m benchmarks

mutants: $(READY) ## change the code at random and see whether the tests notice (an hour; ARGS="--room billing --count 40")
	@$(BIN)/python -m scripts.mutants $(ARGS)

lock: $(READY) ## write the lock files from pyproject.toml (UPGRADE=1 takes the newest versions)
	@UPGRADE="$(UPGRADE)" $(BIN)/python scripts/lock.py

clean: ## remove the environment and all that was generated
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
