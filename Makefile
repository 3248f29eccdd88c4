PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev

# Only this project's environment is used, whichever one the shell has active.
unexport VIRTUAL_ENV
# Bytecode is kept whatever the shell says: without it each start compiles 1,700 files anew.
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
SYNC := $(BIN)/uv sync --quiet --inexact --locked --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help install demo serve migrate test test-all check fix bench bench-search clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Set up .venv; quick when it is done already

demo: $(INSTALLED) ## Start everything with sample data and payment simulators on SQLite
	$(BIN)/mestore demo

serve: $(INSTALLED) ## Serve the API with the settings of the environment or .env
	$(BIN)/mestore serve

migrate: $(INSTALLED) ## Bring the database of DATABASE_URL to the newest schema
	$(BIN)/mestore migrate

test: $(INSTALLED_DEV) ## Run the tests on SQLite and PostgreSQL; ARGS="-k stock" narrows them
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

test-all: $(INSTALLED_DEV) ## Run the tests on SQLite, PostgreSQL and MariaDB
	$(BIN)/pytest -n 2 --dist worksteal --db=all $(ARGS)

check: $(INSTALLED_DEV) ## Check format, lint, types, import contracts and house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/house_rules.py src/mestore

fix: $(INSTALLED_DEV) ## Repair what the formatter and the linter can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED_DEV) ## Measure against the limits; ARGS go to the benchmark
	$(BIN)/python -m bench $(ARGS)

bench-search: $(INSTALLED_DEV) ## Judge the search: MRR, nDCG and empty answers on both engines
	$(BIN)/python -m bench.search $(ARGS)

clean: ## Remove caches and builds; .venv and data stay
	rm -rf dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed: make install PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q uv

$(INSTALLED): pyproject.toml uv.lock | $(BIN)/uv
	$(SYNC) --no-dev
	@touch $@

$(INSTALLED_DEV): pyproject.toml uv.lock | $(BIN)/uv
	$(SYNC) --all-extras --group dev
	@touch $(INSTALLED) $@
