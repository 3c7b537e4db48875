# Faultbox: every daily command. A bare `make` lists them.
PY   ?= python3
VENV := .venv
BIN  := $(VENV)/bin
OWN  := protocol agent collector dashboard
LOCK  = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" $(OWN:%=--no-emit-package faultbox-%)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(VENV)/.ready: requirements/dev.txt $(OWN:%=%/pyproject.toml)
	$(PY) -m venv $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements/dev.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation $(OWN:%=-e %)
	@touch $@

run: $(VENV)/.ready  ## server with its pages on 127.0.0.1:8080
	exec $(BIN)/faultbox serve

demo: $(VENV)/.ready  ## server, agent and four real faults; DEMO_EXIT=1 checks the outcome and ends
	exec $(BIN)/python tools/demo/run.py

test: $(VENV)/.ready  ## all tests
	$(BIN)/pytest -q

check: $(VENV)/.ready  ## format, lint, types, import rules, licences
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready  ## speed and size, every figure from one run
	$(BIN)/python tools/bench/run.py

wheels: $(VENV)/.ready  ## our four wheels into dist/, those and all they need into wheelhouse/
	rm -rf dist && for p in $(OWN); do $(BIN)/python -m build -q --no-isolation -w -o dist $$p || exit 1; done

lock: $(VENV)/.ready  ## refresh requirements/*.txt
	$(LOCK) $(OWN:%=%/pyproject.toml) --group dev -o requirements/dev.txt
	$(LOCK) protocol/pyproject.toml agent/pyproject.toml -o requirements/agent.txt
	$(LOCK) protocol/pyproject.toml collector/pyproject.toml dashboard/pyproject.toml -o requirements/server.txt

.PHONY: help run demo test check bench wheels lock
.DEFAULT_GOAL := help
