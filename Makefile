# Everything sets itself up: a fresh machine needs Python 3.11 or newer, python3-venv, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test check test-all lock clean docs golden

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## the virtual environment with pinned packages

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "wallwatch needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11" >&2; exit 3; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "Python cannot make virtual environments. On Debian: sudo apt-get install python3-venv" >&2; exit 3; }
	@echo "Setting up $(VENV) (once; about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## watch China's block of WhatsApp in 2017, on real packets
	@$(BIN)/wallwatch demo

test: $(STAMP) ## the tests, 5 minutes at most on 2 cores
	$(BIN)/python -m pytest -m "not slow"

check: $(STAMP) ## tests, lint, types and the direction of imports
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow"

test-all: $(STAMP) ## every test, the long lab runs too
	$(BIN)/python -m pytest

docs: $(STAMP) ## renew the generated reference pages
	$(BIN)/python docs/generate.py

golden: $(STAMP) ## make the golden cases again; a person reads the diff
	$(BIN)/python -m tests.golden.rewrite

lock: ## renew the pins (needs uv)
	for set in probe: station:station dev:dev; do \
	  extra=$${set#*:}; \
	  uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	    --custom-compile-command "make lock" --upgrade $${extra:+--extra $$extra} \
	    pyproject.toml -o requirements/$${set%%:*}.txt; \
	done

clean: ## forget the virtual environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
