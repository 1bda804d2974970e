# `make help` lists the targets. Python >= 3.11 and make are all that is needed: each target does its own set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
# A process per core. What a file sets up once is set up once, so files stay together.
SPREAD ?= --numprocesses=auto --dist=loadfile
# Two sets of control planes at a time where each may have a network of its own; else one.
OWN_NET = tests/controlplane/own-net
PLANES = $(if $(shell OWN_NET_PYTHON=true $(OWN_NET) 2>/dev/null && echo yes),--tx='2*popen//python=$(OWN_NET)' --dist=loadfile)

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench test-controlplane picture clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run ## the embedded cluster and the full-screen UI; one snapshot when stdout is not a terminal
	@$(BIN)/k8sai demo $(ARGS)

test: $(VENV)/dev ## the tests; no cluster, no network
	@$(BIN)/python -m pytest $(SPREAD) $(ARGS)

check: $(VENV)/dev ## format, lint, types, house rules
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_house.py

format: $(VENV)/dev ## let ruff rewrite the files
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

bench: $(VENV)/dev ## how fast it is, as ratios; with K8SAI_CONTROLPLANE_BIN also against a real control plane and kubectl
	@$(BIN)/python tests/bench/run.py $(ARGS)

test-controlplane: $(VENV)/dev ## the tests that need a real control plane; K8SAI_CONTROLPLANE_BIN names its binaries
	@OWN_NET_PYTHON=$(BIN)/python $(BIN)/python -m pytest tests/controlplane tests/contract --no-sim $(PLANES) $(ARGS)

picture: $(VENV)/dev ## draw docs/top.svg, the README's picture, anew
	@$(BIN)/python -m tests.picture docs/top.svg

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@echo "making $(VENV) …" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "k8sai needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV)

# Either stamp is older than the files that name what to install as soon as one of those changes.
$(VENV)/run: $(VENV)/bin/python pyproject.toml setup.py $(wildcard commands/*.py)
	@echo "installing k8sai …" >&2
	@$(PIP) install --editable .
	@touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml setup.py $(wildcard commands/*.py)
	@echo "installing k8sai and its development tools …" >&2
	@$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/run
