# One entry to everything; `make help` lists it. CI calls the same targets.
PYTHON ?= python3
PORT ?= 8000
STAGE ?= dev
ARCH ?= arm64
VENV := .venv
# The Python that the Lambdas run on, and all that packages and deploys.
LAMBDA := .venv-lambda
# What locks and audits.
SUPPLY := .venv-supply
# The emulator of the rehearsal, and what the bench measures against: on the Lambdas' Python too.
REHEARSAL := .venv-rehearsal
BENCH := .venv-bench
PACKAGE := .build/$(STAGE)-$(ARCH)/package
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --requirement
BIN := $(VENV)/bin
TESTS := $(BIN)/python -m pytest -q -n auto --dist worksteal -p no:cacheprovider
# An older Python would leave an environment behind in which nothing can be installed.
NEW_ENOUGH := import sys; sys.version_info < (3, 11) and \
  sys.exit("Plaudit needs Python 3.11 or newer, and this is %d.%d: say PYTHON=python3.13" % sys.version_info[:2])
# Bytecode beside the sources would end up in the deployment package.
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help run test coverage check format rehearse bench plan tables secrets deploy destroy package \
  sbom lock audit clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.local ## Run Plaudit here, with DynamoDB in memory (PORT=8000)
	@exec $(BIN)/python -m localdev $(PORT)

test: $(VENV)/.dev ## Run the tests but those that start servers or go on for long
	@$(TESTS) -m "not slow and not rehearsal"

coverage: $(VENV)/.dev ## Run every test but the rehearsal; fail below 100 % of branches
	@$(TESTS) -m "not rehearsal" --cov --cov-report=term

rehearse: FALLBACK := --fallback
rehearse: $(VENV)/.dev $(LAMBDA)/.deploy $(REHEARSAL)/.rehearsal ## Deploy both ways into emulators of AWS, and use what is there
	@$(BIN)/python -m pytest -q -p no:cacheprovider -m rehearsal tests/rehearsal

bench: $(VENV)/.dev $(LAMBDA)/.deploy $(BENCH)/.bench ## Measure and write docs/benchmarks.md (OPTIONS="--instructions --suite")
	@$(BENCH)/bin/python -m bench --python $(BIN)/python $(OPTIONS)

check: $(VENV)/.dev ## Check format, lint, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy --cache-dir=$(VENV)/.mypy
	$(BIN)/mypy --cache-dir=$(VENV)/.mypy app.py
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --no-cache --fix .

plan: $(LAMBDA)/.deploy ## Say what deploying would do and what it costs (ARTICLES= READS= REVIEWS= a month)
	@$(LAMBDA)/bin/python -m tools.plan $(STAGE) --arch $(ARCH) $(if $(ARTICLES),--articles $(ARTICLES)) \
	  $(if $(READS),--reads $(READS)) $(if $(REVIEWS),--reviews $(REVIEWS))

tables: $(LAMBDA)/.deploy ## Make or update a stage's tables, queue and alarms (EMAIL= for the alarms)
	@$(LAMBDA)/bin/python -m tools.tables $(STAGE) $(if $(EMAIL),--alarm-email $(EMAIL))

secrets: $(LAMBDA)/.deploy ## Make the secrets that a stage lacks (ROTATE=signing)
	@$(LAMBDA)/bin/python -m tools.secrets $(STAGE) $(if $(ROTATE),--rotate $(ROTATE))

deploy: $(LAMBDA)/.deploy ## Deploy a stage's functions and API with Chalice (ADOPT=1: without its memory)
	@$(LAMBDA)/bin/python -m tools.deploy $(STAGE) --arch $(ARCH) $(if $(ADOPT),--adopt) $(if $(URL),--url $(URL))

destroy: $(LAMBDA)/.deploy ## Remove a stage, but its rows and secrets
	@$(LAMBDA)/bin/python -m tools.destroy $(STAGE)

package: $(LAMBDA)/.deploy ## Make the zip and the template of one stack (STAGE=dev ARCH=arm64)
	@$(LAMBDA)/bin/python -m tools.package $(STAGE) --arch $(ARCH)

sbom: package ## List what is in the zip, as CycloneDX JSON
	@$(LAMBDA)/bin/python -m tools.sbom $(PACKAGE)/deployment.zip

# In the order in which they take over each other's releases.
SETS := requirements $(addprefix requirements,-oidc -local -dev -deploy -supply -rehearsal -bench)
lock: $(SUPPLY)/.supply ## Pin and hash requirements from their .in files (UPGRADE=--upgrade)
	@for set in $(SETS); do \
	  $(SUPPLY)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command "make lock" $(UPGRADE) $$set.in --output-file $$set.txt || exit 1; \
	done

audit: $(SUPPLY)/.supply ## Look for known vulnerabilities in what is deployed (needs the internet)
	@$(SUPPLY)/bin/python -m tools.audit

clean: ## Remove everything that make has made
	rm -rf $(VENV) $(LAMBDA) $(SUPPLY) $(REHEARSAL) $(BENCH) .build .coverage .hypothesis .chalice/deployments

$(VENV)/.local: requirements.txt requirements-local.txt
	@test -x $(BIN)/python || { $(PYTHON) -c '$(NEW_ENOUGH)' && $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python $(INSTALL) requirements-local.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.local requirements-dev.txt
	@$(BIN)/python $(INSTALL) requirements-dev.txt
	@touch $@

# FALLBACK=--fallback takes the Python at hand where there is no other, for tests.
define of_the_lambdas
	@test -x $(@D)/bin/python || { \
	  python=$${LAMBDA_PYTHON:-$$($(PYTHON) tools/interpreter.py $(FALLBACK))} && "$$python" -m venv $(@D); }
	@$(@D)/bin/python $(INSTALL) $<
	@touch $@
endef

$(LAMBDA)/.deploy: requirements-deploy.txt
	$(of_the_lambdas)

$(REHEARSAL)/.rehearsal $(BENCH)/.bench: FALLBACK := --fallback

$(REHEARSAL)/.rehearsal: requirements-rehearsal.txt
	$(of_the_lambdas)

$(BENCH)/.bench: requirements-bench.txt
	$(of_the_lambdas)

$(SUPPLY)/.supply: requirements-supply.txt
	@test -x $(SUPPLY)/bin/python || { $(PYTHON) -c '$(NEW_ENOUGH)' && $(PYTHON) -m venv $(SUPPLY); }
	@$(SUPPLY)/bin/python $(INSTALL) requirements-supply.txt
	@touch $@
