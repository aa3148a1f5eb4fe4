# One entry to everything; `make help` lists it. CI calls the same targets.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
TESTS := $(BIN)/python -m pytest -q -n auto --dist worksteal -p no:cacheprovider
# Bytecode beside the sources would end up in the deployment package.
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help run test coverage check format clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.local ## Run Plaudit here, with DynamoDB in memory (PORT=8000)
	@exec $(BIN)/python -m localdev $(PORT)

test: $(VENV)/.dev ## Run the tests but those that start servers
	@$(TESTS) -m "not slow"

coverage: $(VENV)/.dev ## Run every test and fail below 100 % of branches
	@$(TESTS) --cov --cov-report=term

check: $(VENV)/.dev ## Check format, lint, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy --cache-dir=$(VENV)/.mypy
	$(BIN)/mypy --cache-dir=$(VENV)/.mypy app.py
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --no-cache --fix .

clean: ## Remove everything that make has made
	rm -rf $(VENV) .venv-lambda .build .coverage .hypothesis .chalice/deployments

$(VENV)/.local: requirements.txt requirements-local.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-local.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.local requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
