# make demo    set up .venv and run the main job on the embedded, simulated study
# make test    set up .venv and run all tests
# make faults  run the tests of the list of faults (docs/faults.md)
# make check   what a change must pass: lint, types, tests, workflow lint

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= 2
CONSTRAINTS := $(if $(filter 3.11,$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')),-c constraints/py311.txt)

.PHONY: demo test faults lint check clean

# One stamp for each set of packages, so that a second `make` installs nothing.
$(VENV)/.installed: pyproject.toml constraints/py311.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[dev,discovery,harmony]'
	touch $@

demo: $(VENV)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES) --quiet rules $(if $(DEMO_CONFIG),--configfile $(DEMO_CONFIG))
	@$(BIN)/dolor summary results

test: $(VENV)/.installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest

faults: $(VENV)/.installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -m fault

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflows
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --lint

check: lint test

clean:
	rm -rf results resources logs .snakemake
