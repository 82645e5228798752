# Needs python3, make and the package registries; everything else is set up here, the first time it is needed.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules

BIN := .venv/bin
RUNTIME := .venv/.ready-runtime
DEVELOPMENT := .venv/.ready-development
HOME_ASSISTANT := .venv-homeassistant/.ready
OLDEST := .venv-oldest/.ready .venv-homeassistant-oldest/.ready
OLDEST_HOME_ASSISTANT := 2025.1.0
FETCH := tools/debian.py tools/debian_python.py tools/environments.py tools/pythons.py

SCHEMA := apps/enphase-battery/apps.schema.json
SOURCES := apps bench demo simulator tests tools

.PHONY: help setup browser demo run check schema test lint types unit moods year stack oldest \
  chaos mutations bench pictures clean

help:  ## what can be made
	@sed -En 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 17

setup: $(DEVELOPMENT) $(HOME_ASSISTANT) $(OLDEST) browser  ## set up everything that the other targets need

browser:  ## find a Chromium for the tests of the pages, or fetch Debian's
	@python3 -m tools.set_up_browser

demo: $(RUNTIME) $(HOME_ASSISTANT)  ## simulator, Home Assistant and AppDaemon with this app, until Ctrl-C; ERA=2025-07
	@exec $(BIN)/python -m demo $(if $(ERA),--era $(ERA))

# What AppDaemon reads; the app's own check and AppDaemon itself would only say what they miss.
define NEEDS
missing=0; \
need() { [ -f "$$1" ] || { missing=1; echo "$$1 is missing: $$2" >&2; }; }; \
need appdaemon.yaml "copy appdaemon.yaml.example to appdaemon.yaml and go through it."; \
need apps/apps.yaml "copy apps/enphase-battery/apps.yaml.example to apps/apps.yaml and go through it."; \
need secrets.yaml "it holds home_assistant_token, enphase_email and enphase_password."; \
[ $$missing = 0 ] || exit 1
endef

run: $(RUNTIME)  ## AppDaemon with your own appdaemon.yaml and apps/apps.yaml
	@$(NEEDS); exec $(BIN)/appdaemon -c .

check: $(RUNTIME)  ## what the app would find with your configuration; changes nothing; APP=name
	@$(NEEDS); exec env PYTHONPATH=apps/enphase-battery $(BIN)/python -m enphase_battery check --config . $(if $(APP),--app $(APP))

schema: $(RUNTIME)  ## write the schema by which editors complete and check apps.yaml
	@PYTHONPATH=apps/enphase-battery $(BIN)/python -m enphase_battery schema > $(SCHEMA).new
	@mv $(SCHEMA).new $(SCHEMA)

test: lint types unit moods year stack oldest  ## all checks: style, types, unit, scenarios, simulator, moods, a year, the real stacks

lint: $(DEVELOPMENT)  ## style, with ruff
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(DEVELOPMENT)  ## types, with mypy --strict
	$(BIN)/mypy $(SOURCES)

unit: $(DEVELOPMENT)  ## unit tests with coverage, scenarios, the simulator's tests
	$(BIN)/pytest tests/unit -n auto --cov --cov-report=term --cov-fail-under=90
	$(BIN)/coverage report --include='*/control/*' --fail-under=100
	$(BIN)/pytest tests/scenarios tests/simulator -n auto

moods: $(DEVELOPMENT)  ## every scenario while reads come late or flap; MOODS=all: each in all moods
	MOODS=$(MOODS) $(BIN)/pytest tests/moods -n auto

year: $(DEVELOPMENT)  ## a year of windows in each of three zones: the app against the simulator, on one clock
	$(BIN)/pytest tests/year -n auto

stack: $(DEVELOPMENT) $(HOME_ASSISTANT) browser  ## tests on the newest Home Assistant and AppDaemon, and in a real browser
	$(BIN)/pytest -m stack tests/stack

oldest: $(DEVELOPMENT) $(OLDEST) browser  ## the stack's tests on the oldest versions that the docs name
	LANE=oldest $(BIN)/pytest -m stack tests/stack --ignore=tests/stack/chaos

chaos: $(DEVELOPMENT) $(HOME_ASSISTANT)  ## random faults and wishes in the real stack; MINUTES=30 SEED=3 SITE=late (else new ones)
	CHAOS_MINUTES=$(or $(MINUTES),30) CHAOS_SEED=$(or $(SEED),$$RANDOM) CHAOS_SITE=$(SITE) $(BIN)/pytest -m stack tests/stack/chaos

mutations: $(DEVELOPMENT)  ## put faults into the rules, one by one: does a test notice each? ALL=1: every test
	$(BIN)/python -m tests.mutations $(if $(ALL),--all)

pictures: $(DEVELOPMENT) $(HOME_ASSISTANT) browser  ## take the pictures in docs/pictures again
	$(BIN)/pytest -m stack tests/stack/test_dashboard.py tests/stack/test_running.py
	@while read -r taken shown; do cp ".build/screenshots/$$taken.png" "docs/pictures/$$shown.png"; done <docs/pictures/chosen

bench: $(DEVELOPMENT) $(HOME_ASSISTANT)  ## what the app costs and how fast it is; QUICK=1, ONLY=wish
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(IN_MEMORY),--in-memory) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(REST),--rest $(REST)) $(if $(STORM),--storm $(STORM)) $(if $(SEED),--seed $(SEED))

clean:  ## remove all that was set up and made
	rm -rf .venv .venv-oldest .venv-homeassistant .venv-homeassistant-oldest .fetched .demo .build .coverage* htmlcov .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(RUNTIME): requirements.txt tools/set_up_app.py $(FETCH)
	@python3 -m tools.set_up_app .venv requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@python3 -m tools.set_up_app .venv requirements-dev.txt
	@touch $@

# Pip is asked there which Home Assistant there is.
$(HOME_ASSISTANT): tools/set_up_home_assistant.py tools/home_assistant_requirements.py $(FETCH) | $(RUNTIME)
	@python3 -m tools.set_up_home_assistant $(@D) $(BIN)/python
	@touch $@

.venv-oldest/.ready: requirements-oldest.txt tools/set_up_app.py $(FETCH)
	@python3 -m tools.set_up_app $(@D) requirements-oldest.txt oldest
	@touch $@

.venv-homeassistant-oldest/.ready: tools/set_up_home_assistant.py tools/home_assistant_requirements.py $(FETCH) | $(RUNTIME)
	@python3 -m tools.set_up_home_assistant $(@D) $(BIN)/python $(OLDEST_HOME_ASSISTANT)
	@touch $@
