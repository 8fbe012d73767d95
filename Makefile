# make demo         set up .venv and run the main job on the embedded, simulated study
# make test         set up .venv and run all tests
# make check        what a change must pass: lint, types, tests, workflow lint
#
# make faults       the tests of the list of faults (docs/faults.md), and a kill at every rule of the workflow
# make torch-test   what needs torch or a CellTypist model: scVI, scANVI, label transfer (downloads gigabytes)
# make slurm-test   the workflow as jobs of a SLURM of one node (root, Debian's slurmctld slurmd slurm-client munge)
# make docs         build the pages into docs/_build/html; warnings are errors, notebooks run on simulated data
# make bench        run the benchmarks and rebuild their pages (BENCH="name name" for some)
# make fuzz         fuzz each reader and loader for FUZZ_SECONDS
# make dist         wheel and sdist, checked, and the wheel run in an environment of its own
# make clean        throw away what runs have made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= 2
FUZZ_SECONDS ?= 60
FUZZED := text mtx rds metadata pairs populations registry config
CONSTRAINTS := $(if $(filter 3.11,$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')),-c constraints/py311.txt)

.PHONY: demo test lint check faults docs bench fuzz torch-test slurm-test dist clean

# One stamp for each set of packages, so that a second `make` installs nothing.
$(VENV)/.installed: pyproject.toml constraints/py311.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[dev,discovery,harmony,census]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/dolor run $(or $(DEMO_CONFIG),config/config.yaml) --cores $(CORES)

test: $(VENV)/.installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -n $(CORES) --dist loadgroup --no-loadscope-reorder

faults: $(VENV)/.installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest -m "fault or slow"

docs: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[docs]'
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/run.py $(BENCH)

fuzz: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[fuzz]'
	for target in $(FUZZED); do $(BIN)/python tools/fuzz.py $$target --seconds $(FUZZ_SECONDS) || exit 1; done

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflows
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --lint

check: lint test

torch-test: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[scvi,celltypist]'
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest tests/annotate tests/pp

slurm-test: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[slurm]'
	$(BIN)/pytest -m slurm

# The tools have an environment of their own, since twine and Snakemake ask for different versions of one package. The
# wheel has one too: no checkout on its path.
dist:
	rm -rf dist build/release
	$(PYTHON) -m venv build/release/tools
	build/release/tools/bin/pip install --quiet --disable-pip-version-check build twine
	build/release/tools/bin/python -m build
	build/release/tools/bin/twine check --strict dist/*
	$(PYTHON) -m venv build/release/venv
	build/release/venv/bin/pip install --quiet --disable-pip-version-check $(CONSTRAINTS) dist/*.whl
	build/release/venv/bin/dolor doctor --directory build/release
	build/release/venv/bin/dolor demo --directory build/release --cores $(CORES)

clean:
	rm -rf results resources logs .snakemake
