# Every target that needs the environment makes it first. `make` alone lists the targets.
# PYTHON: the Python to make it with. VENV: its folder, in this one.
# SEED: which examples `make soak` tries. SOAK_TIMES: how many times as many as `make test` does.
# NAMES: which benchmarks `make bench` runs; without, all of them, and the page of results is written anew.
# MINUTES: how long `make soak-ledger` soaks, when it has tried every fault once (30); `make soak-serve`, on each database (5).
# WORKERS: how many processes share the tests (0: none but this one). A file stays in one: what it reads it reads once.
# ARGS: options of `make serve`, `make mutants`, `make fuzz`, `make soak-ledger` and `make soak-serve`.

PYTHON ?= python3
VENV ?= .venv
UPGRADE ?=
SEED := $(or $(SEED),$(shell date +%s))
SOAK_TIMES ?= 10
MINUTES ?=
WORKERS ?= auto
ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/finished
SPREAD := -n $(WORKERS) --dist loadfile
CHECKED := $(wildcard src tests benchmarks scripts)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo serve test soak soak-ledger soak-serve setup check lint format types schemas pages schema-drift examples site spark bench mutants fuzz engine-wheel installs image lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

demo: $(READY) ## a tour of the program on the example bills
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

serve: $(READY) ## the story of the three brands as a service, in the browser (ARGS="--port 9000")
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/serve.sh $(ARGS)

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest $(SPREAD)

soak: $(READY) ## try the properties on many more examples, on others each time
	@echo "SEED=$(SEED) tries the same examples again"
	@SOAK_TIMES=$(SOAK_TIMES) $(BIN)/python -m pytest $(SPREAD) -m hypothesis --hypothesis-profile=soak --hypothesis-seed=$(SEED)

soak-ledger: $(READY) ## strike ledgers everywhere, then eight posters at random (hours; writes the table of docs/security.md)
	@$(BIN)/python -m scripts.soak_ledger --seed $(SEED) --minutes $(or $(MINUTES),30) $(ARGS)

soak-serve: $(READY) ## the service under posters, bad callers, policies that change and kills (ten minutes; MINUTES of each database)
	@$(BIN)/python -m scripts.soak_serve --seed $(SEED) --minutes $(or $(MINUTES),5) $(ARGS)

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

pages: $(READY) ## write docs/diagnostics anew, and what the commands of other pages print
	@$(BIN)/python scripts/write_pages.py
	@BILLPOLICY_RECORD=1 $(BIN)/python -m pytest -q tests/test_pages.py

schema-drift: $(READY) ## fail if the JSON schemas are not those of the code
	@$(BIN)/billpolicy schema --all --check schemas

examples: $(READY) ## run the demo and print nothing but its errors
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh >/dev/null

site: $(READY) ## build the site of the docs, into build/site; any warning fails
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

spark: $(READY) ## decide a DataFrame on executors of Spark (half a gigabyte, a Java, two minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@BILLPOLICY_REQUIRE_TOOLS=1 $(BIN)/python -m pytest tests/bulk/test_spark.py

bench: $(READY) ## measure the speed, beside other programs in the same run (half an hour; NAMES="resolve bulk" for some)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/python -m benchmarks $(NAMES)

engine-wheel: $(READY) ## build the rules engine once, for machines without a C compiler (into dist/engine)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-wheel.lock
	@$(BIN)/python -m scripts.build_engine_wheel

mutants: $(READY) ## change the code at random and see whether the tests notice (an hour; ARGS="--room billing --count 40")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mutants.lock
	@$(BIN)/python -m scripts.mutants $(ARGS)

fuzz: $(READY) ## feed the readers of files what a fuzzer makes (a quarter of an hour; ARGS="--seconds 600 book")
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@$(BIN)/python -m scripts.fuzz_readers $(ARGS)

installs: ## install what is built with pip, pipx and uv on every Python there is, and use it (minutes)
	@$(PYTHON) scripts/try_installs.py

image: ## build the image with podman, as no root, and run the service from it (scripts/try_image.sh has the options)
	@sh scripts/try_image.sh

lock: $(READY) ## write the lock files from pyproject.toml (UPGRADE=1 takes the newest versions)
	@UPGRADE="$(UPGRADE)" $(BIN)/python scripts/lock.py

clean: ## remove the environment and all that was generated
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(CHECKED) -name __pycache__ -type d -prune -exec rm -rf {} +
