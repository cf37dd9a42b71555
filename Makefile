.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
# installed into the environment if the machine has no uv
UV = $(shell command -v uv || echo $(VENV)/bin/uv)
STAMP := $(VENV)/.installed
EXTRAS := --extra pipelines --extra serve --extra train --extra dev
RESOLVE := --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-annotate --no-header --quiet

# no usage statistics, and no dashboard that opens by itself
export ZENML_ANALYTICS_OPT_IN := false
export GX_ANALYTICS_ENABLED := false
export BENTOML_DO_NOT_TRACK := true
export DO_NOT_TRACK := 1
export ZENML_AUTO_OPEN_DASHBOARD := false
# uv would otherwise use an activated environment of another project
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install demo test lint format types lock starter schemas bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## set up .venv (every other target does this if necessary)

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is needed; install Python 3.11 or run 'make PYTHON=/path/to/python3.11'"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo "Installing the environment into $(VENV) (about 7 GB, a minute or two) ..."
	@# sync, because `pip install` lets the overrides of pyproject.toml loosen what the lock pins
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

demo: install ## see the whole life of a detector on sample data (DOCUMENTS=DIR ANNOTATIONS=FILE for your own)
	@$(BIN)/redaction demo $(if $(DOCUMENTS),--documents "$(DOCUMENTS)") $(if $(ANNOTATIONS),--annotations "$(ANNOTATIONS)")

test: install lint types ## lint, check types and run every test, with branch coverage
	@$(BIN)/python -m pytest -q --cov --cov-report=term:skip-covered --durations=15

lint: install ## check style and the floors of the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "make: some files are not formatted; run 'make format'"; exit 1; }
	@$(BIN)/lint-imports --no-logo --no-cache

format: install ## format the code
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

types: install ## check types
	@$(BIN)/mypy

starter: install ## train the starter detector again (more than an hour)
	@$(BIN)/redaction starter

schemas: install ## write the JSON Schema of the document report into docs/schemas
	@$(BIN)/python -m redaction.reports > docs/schemas/document-report.json

bench: install ## run the benchmarks of docs/benchmarks.md
	@$(BIN)/python -m benchmarks

lock: ## resolve the dependencies again: requirements.lock, and serving/requirements.lock for the Bento
	$(UV) pip compile pyproject.toml $(EXTRAS) --upgrade $(RESOLVE) -o requirements.lock
	$(UV) pip compile serving/requirements.in --constraint requirements.lock --upgrade $(RESOLVE) -o serving/requirements.lock

clean: ## remove the environment and all generated files
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage* htmlcov
