# Two commands do everything on a fresh machine with Python 3.11 or newer: `make run` and `make test`.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The page needs Node 20.19 or newer; where it is missing, a wheel brings one into the virtual environment.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix clients/browser
PAGE_SOURCES := $(shell find clients/browser -type f -not -path '*/node_modules/*' -not -path '*/tests/*')

.DEFAULT_GOAL := help
.PHONY: help run test test-python test-page test-peers test-long check format bench bench-peers bench-parts lock clean

help: ## What there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

run: .venv/.runtime voice_server/page/index.html ## Start the server on http://127.0.0.1:8080
	@$(BIN)/voice-server serve

test: test-page test-python ## All tests but those that take minutes each

# The tests of a file run in their order and in one process; the files of tests/acceptance, the longest, begin first.
test-python: .venv/.development .cache/checkov/.installed voice_server/page/index.html
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --no-loadscope-reorder

test-page: clients/browser/node_modules/.installed
	$(NPM) run test --silent

test-peers: .venv/.development voice_server/page/index.html ## Other systems' own clients against this server (installs them first)
	VOICE_SERVER_PEERS=1 $(BIN)/python -m pytest tests/peers

test-long: .venv/.development voice_server/page/index.html ## Tests that take minutes each
	$(BIN)/python -m pytest -m slow || [ $$? -eq 5 ] # 5: there are none

check: .venv/.development clients/browser/node_modules/.installed ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NPM) run check --silent

format: .venv/.development ## Format the Python code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.development ## Measure this server against one stage after the other, and write a report (an hour)
	$(call measure,this this-unprepared sequential)

bench-peers: .venv/.development ## The same with Pipecat and LiveKit Agents (installs them first; two hours)
	$(BIN)/python -m benchmarks.peers
	$(call measure,this this-unprepared sequential pipecat livekit)

bench-parts: .venv/.development ## Measure parts alone: recognition, voice activity, what a session costs
	$(BIN)/python -m benchmarks

BENCH := .cache/benchmarks
RESULTS := $(BENCH)/seed.json $(BENCH)/fast.json $(BENCH)/zero.json $(BENCH)/endpointing.json
SCENARIOS := plain:1,plain:10,plain:25,plain:50,barge-in:5,sounds:10,hesitant:10
define measure
	$(BIN)/python -m benchmarks compare --targets "$(1)" --profiles seed --scenarios $(SCENARIOS) --out $(BENCH)/seed.json
	$(BIN)/python -m benchmarks compare --targets "$(1)" --profiles fast --scenarios plain:1 --out $(BENCH)/fast.json
	$(BIN)/python -m benchmarks compare --targets "$(1)" --profiles zero --scenarios plain:1,hesitant:5 --out $(BENCH)/zero.json
	$(BIN)/python -m benchmarks.endpointing --json $(BENCH)/endpointing.json
	$(BIN)/python -m benchmarks report $(RESULTS) -o $(BENCH)/report.html
endef

lock: ## Choose the newest versions of everything anew (needs uv)
	uv pip compile pyproject.toml --extra embedded --extra telemetry --extra aws --extra build $(LOCK) -o requirements/runtime.txt
	uv pip compile pyproject.toml --extra embedded --extra telemetry --extra aws --extra build --extra dev -c requirements/runtime.txt $(LOCK) -o requirements/development.txt
	uv pip compile requirements/node.in $(LOCK) -o requirements/node.txt
	uv pip compile benchmarks/peers/pipecat/requirements.in $(LOCK) -o benchmarks/peers/pipecat/requirements.txt
	uv pip compile benchmarks/peers/livekit/requirements.in $(LOCK) -o benchmarks/peers/livekit/requirements.txt
	uv pip compile deploy/policy/requirements.in $(LOCK) -o deploy/policy/requirements.txt
LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet

clean: ## Remove everything that was installed or built
	rm -rf .venv .cache clients/browser/node_modules voice_server/page .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "voice-server needs Python 3.11 or newer. Install it, or say where it is: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing what the server needs (once; a minute or two)"
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.development: requirements/development.txt .venv/.runtime
	@echo "Installing what the tests need (once)"
	@$(PIP) install --require-hashes -r requirements/development.txt
	@touch $@

# checkov asks for other versions of what the server needs: it gets an environment of its own.
.cache/checkov/.installed: deploy/policy/requirements.txt | .venv/bin/python
	@echo "Installing what checks the deployment's configuration (once)"
	@$(PYTHON) -m venv .cache/checkov
	@.cache/checkov/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

.venv/.node: requirements/node.txt | .venv/bin/python
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1 \
		|| { echo "Installing Node.js into .venv, for the page (once)"; $(PIP) install --require-hashes -r requirements/node.txt; }
	@touch $@

clients/browser/node_modules/.installed: clients/browser/package.json clients/browser/package-lock.json .venv/.node
	@echo "Installing what the page is built with (once)"
	@$(NPM) ci --silent
	@touch $@

voice_server/page/index.html: clients/browser/node_modules/.installed $(PAGE_SOURCES)
	@echo "Building the page"
	@$(NPM) run build --silent
	@touch $@
