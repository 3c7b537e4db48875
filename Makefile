# Faultbox: every daily command. A bare `make` lists them.
PY   ?= python3
VENV := .venv
BIN  := $(VENV)/bin
OWN  := protocol agent collector dashboard
LOCK  = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command "make lock" $(OWN:%=--no-emit-package faultbox-%)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

# Rebuilt whenever a lock or a member changes; pip's own settings name the mirror, if any.
$(VENV)/.ready: requirements/dev.txt $(OWN:%=%/pyproject.toml)
	@$(PY) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Faultbox needs Python 3.11 or newer: make PY=python3.12")'
	$(PY) -m venv $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements/dev.txt
	$(BIN)/pip install -q --no-deps --no-build-isolation $(OWN:%=-e %)
	@touch $@

run: $(VENV)/.ready  ## server with its pages on 127.0.0.1:8080; prints a login link
	exec $(BIN)/faultbox serve

demo: $(VENV)/.ready  ## server, agent and four real faults; DEMO_EXIT=1 checks the outcome and ends
	exec $(BIN)/python -m tools.demo.run

test: $(VENV)/.ready  ## all tests
	$(BIN)/pytest -q

check: $(VENV)/.ready  ## format, lint, types, import rules, licences, settings page, hosts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/third_party.py --check
	$(BIN)/python tools/settings_page.py --check
	$(BIN)/python tools/hosts.py

bench: $(VENV)/.ready  ## speed and size, one run; QUICK=1 is shorter, PEERS=1 runs Bugsink too
	$(BIN)/python -m tools.bench.run $(if $(PEERS),--peers) $(if $(DEVICES),--devices $(DEVICES)) $(PARTS)

torture: $(VENV)/.ready  ## kills, power cuts, full disks, bad links, some 15 minutes as root; SEED=n repeats
	PYTHONPATH=tests $(BIN)/python -m torture.run $(if $(SEED),--seed $(SEED)) $(if $(ROUND),--round $(ROUND))

fuzz: $(VENV)/.ready  ## every decoder under atheris, SECONDS=60 each; inputs are kept in .fuzz/
	$(BIN)/python tools/fuzz.py --seconds $(or $(SECONDS),60)

wheels: $(VENV)/.ready  ## our four wheels into dist/, those and all they need into wheelhouse/
	rm -rf dist wheelhouse
	set -e; for member in $(OWN); do $(BIN)/python -m build --no-isolation -w -o dist $$member > dist.log 2>&1 \
	    || { cat dist.log; exit 1; }; done; rm -f dist.log
	$(BIN)/pip wheel -q --no-deps --require-hashes -r requirements/agent.txt -w wheelhouse
	$(BIN)/pip wheel -q --no-deps --require-hashes -r requirements/server.txt -w wheelhouse
	cp dist/*.whl wheelhouse/

device-test: wheels  ## install what a device and a server get, offline, in bare environments
	$(BIN)/pytest -q -m wheels tests/house/test_wheels.py

vendor:  ## refresh the front-end files of others (needs npm)
	cd tools/vendor && npm ci --no-audit --no-fund --ignore-scripts
	$(PY) tools/vendor/copy.py

lock: $(VENV)/.ready  ## refresh requirements/*.txt and THIRD_PARTY.md
	$(LOCK) $(OWN:%=%/pyproject.toml) --group dev -o requirements/dev.txt
	$(LOCK) protocol/pyproject.toml agent/pyproject.toml -o requirements/agent.txt
	$(LOCK) protocol/pyproject.toml collector/pyproject.toml dashboard/pyproject.toml -o requirements/server.txt
	$(MAKE) $(VENV)/.ready
	$(BIN)/python tools/third_party.py

.PHONY: help run demo test check bench torture fuzz wheels device-test vendor lock
.DEFAULT_GOAL := help
