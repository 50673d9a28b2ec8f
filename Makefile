# Needs Python 3.11 or newer and make; everything else is installed into .venv from the lock file.
# Another interpreter: `make setup PYTHON=python3.13`.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
ROOMS := domain commands projections read_api infra

# The first interpreter of these that runs and is new enough; PYTHON=… on the command line has the last word.
PYTHON ?= $(shell for name in python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; exit; }; \
	done; echo python3)

.PHONY: help setup demo serve test faults check bench lock clean

help: ## show these targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP) ## install everything into .venv; costs nothing when nothing changed

$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit( \
		"innkeep needs Python 3.11 or newer; this is %s at %s. Try: make setup PYTHON=/path/to/python3.11" \
		% (sys.version.split()[0], sys.executable))'
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## play the marketplace's story through its public API and keep serving
	$(BIN)/innkeep demo $(ARGS)

serve: $(STAMP) ## serve in sandbox mode
	INNKEEP_MODE=$${INNKEEP_MODE:-sandbox} $(BIN)/innkeep serve $(ARGS)

test: $(STAMP) ## every test, with coverage; ARGS="tests/domain -k hold" for fewer
	$(if $(strip $(ARGS)),,$(BIN)/pytest tests/faults)
	$(BIN)/pytest --numprocesses auto --dist loadfile --cov --cov-report=term:skip-covered $(or $(ARGS),--ignore tests/faults)

faults: $(STAMP) ## the long fault campaign: 200 kills under load; ARGS="--kills 20 --seconds 60 --fed-by kafka --seed 7"
	$(BIN)/python -m tests.faults $(ARGS)

check: $(STAMP) ## lint, types and house laws
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/architecture

bench: $(STAMP) ## the benchmarks; their figures are in docs/benchmarks.md
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## resolve the dependencies anew into the lock files
	@test -x $(VENV)-lock/bin/uv || { $(PYTHON) -m venv --clear $(VENV)-lock && \
		$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv; }
	$(VENV)-lock/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --group dev --output-file requirements-dev.lock
	$(VENV)-lock/bin/uv pip compile $(LOCK_FLAGS) pyproject.toml --constraint requirements-dev.lock \
		--output-file requirements.lock

# Universal: one lock for Python 3.11 to 3.13 on every platform. No header or index: the lock names no host.
LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)

clean: ## remove what the other targets made, except data
	rm -rf $(VENV) $(VENV)-lock .mypy_cache .pytest_cache .ruff_cache .coverage .hypothesis
