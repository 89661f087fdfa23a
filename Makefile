# `make` lists what there is. Needs Python 3.11+ and make; everything else goes into .venv on first use.
VENV := .venv
BIN := $(VENV)/bin
PROFILE ?= stacks/profiles/loan-documents.yaml
STACK ?= dev
REQUESTS ?= 20

.DEFAULT_GOAL := help
.PHONY: help demo test chaos lint format bench accuracy growth fuzz browser engine pictures schema lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo-ready  ## plan a bundled workload, provision the winner on an in-process AWS, send requests through it
	@$(BIN)/headway plan $(PROFILE)
	@$(BIN)/headway rehearse --stack $(STACK) --requests $(REQUESTS)

test: $(VENV)/.dev-ready  ## all tests and the examples in docstrings
	@$(BIN)/python -m pytest -n 2 --doctest-modules headway components lambdas policy rehearsal tests

chaos: $(VENV)/.dev-ready  ## 10,000 requests, 50 kills, an AWS that fails: nothing lost, nothing twice (10 minutes)
	@$(BIN)/python tests/chaos/storm.py

lint: $(VENV)/.dev-ready  ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev-ready  ## put the code into the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev-ready  ## how long things take, and how they compare with peers (benchmarks/RESULTS.md)
	@$(BIN)/python -m benchmarks.run

accuracy: $(VENV)/.dev-ready  ## plans against replays of weeks they have not seen, and against every design (TRACES=folder)
	@$(BIN)/python -m benchmarks.accuracy $(if $(TRACES),--traces $(TRACES)) --profiles $(or $(PROFILES),500)

growth: $(VENV)/.dev-ready  ## cost and limits from 50 requests a day to 100 million (benchmarks/GROWTH.md)
	@$(BIN)/python -m benchmarks.growth

fuzz: $(VENV)/.dev-ready  ## ten thousand odd profiles: no traceback, no odd number, no broken promise
	@HEADWAY_FUZZ=$(or $(COUNT),10000) $(BIN)/python -m pytest tests/robustness -q

browser:  ## install chromium for the tests of the page, where apt-get is there
	@if command -v chromium chromium-browser google-chrome >/dev/null; then echo "a browser is there"; \
	elif ! command -v apt-get >/dev/null; then echo "no apt-get: without chromium the tests of the page are skipped"; \
	else run=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
		{ $$run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends chromium; } \
			>/dev/null 2>&1 && echo "installed chromium" \
			|| echo "apt-get could not install chromium: the tests of the page are skipped"; \
	fi

engine: $(VENV)/.dev-ready  ## find, install or build the Pulumi engine for the tests that need it (minutes, once)
	@$(BIN)/python -m headway_rehearsal.engine_binary

pictures: $(VENV)/.dev-ready  ## draw the README's pictures again (docs/)
	@PYTHONPATH=. $(BIN)/python docs/pictures.py

schema: $(VENV)/.demo-ready  ## write the JSON Schemas of profile, plan, bill, diff and env, and of the package, from their models
	@for of in profile plan bill diff env; do $(BIN)/headway schema $$of --out schemas/$$of.schema.json; done
	@$(BIN)/python -c "from headway_components.package import package_schema; print(package_schema(), end='')" > components/schema.json

lock: $(VENV)/.demo-ready  ## write the plans that the stacks run (stacks/plans)
	@$(BIN)/headway lock

clean:  ## remove the environment and every cache
	@rm -rf $(VENV) .headway .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo needs less than the tests do; each stamp is renewed when the dependencies change.
$(VENV)/.demo-ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[rehearsal]"
	@touch $@

$(VENV)/.dev-ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@ $(VENV)/.demo-ready

$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3.14 python3 python; do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			echo "Making $(VENV) with `$$python --version` ..."; exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "error: Python 3.11 or newer, with its venv module, is needed (looked for python3.11 to python3.14, python3)" >&2; \
	exit 1
