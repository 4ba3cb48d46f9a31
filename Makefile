# make dashboard   install what the dashboard needs and serve the bundled runs on http://127.0.0.1:$(PORT)
# make test        install everything and run every test
# make fuzz        damage files, kill trainers and try properties at random, many times; SEED=... and COUNT=... of each kind
# make soak        an object store that fails 200 times while it is read and written, SEED=... COUNT=... of each kind;
#                  and a sweep of 12 jobs of which a worker is killed; JOBS=... of them
# make living      a living report, in a browser, against the run's own graph, seed for seed; RUN=course SEEDS=1000
# make bench       install the peers too and race them: about 15 minutes on two idle cores; FILE=... keeps the figures
# make trackers    install the trackers that `python -m benchmarks store` races against, in .venv/trackers
# make docs        build the docs into build/docs, warnings as errors, with pictures of the pages where there is a browser;
#                  PICTURES=no leaves those out, VERSION=0.1.0 builds into a folder of that name beside the others
# make docs-serve  build them and show them on http://127.0.0.1:$(DOCS_PORT)
# make docs-run    run every block of commands in the docs that is marked to be run: minutes; PAGE=docs/tutorial.md one page's,
#                  SMALL=yes with less to train, trace and judge
# make audit       known vulnerabilities of what is installed and asked for; exceptions in .ci/audit-exceptions.toml
# make check       everything that guards the code: ruff, mypy, import rules, tests
PYTHON ?= python3
PORT ?= 8501
DOCS_PORT ?= 8000
BIN := .venv/bin
# freed memory stays with the process, instead of being cleared anew for every large array (glibc alone heeds it)
KEEP := MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824
TIMED := $(addprefix tests/test_browser,_speed.py _many.py) # these measure time: alone

.PHONY: dashboard test fuzz soak living bench trackers docs docs-serve docs-run audit check install shipped clean

dashboard: .venv/dashboard.stamp
	@$(BIN)/firstlight dashboard --port $(PORT)

test: .venv/all.stamp
	@OMP_NUM_THREADS=1 $(KEEP) $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(addprefix --ignore ,$(TIMED))
	@$(BIN)/python -m pytest $(TIMED)

fuzz: .venv/all.stamp
	@$(BIN)/python tests/fuzz.py $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT)) $(if $(ONLY),--only '$(ONLY)')

soak: .venv/all.stamp
	@FIRSTLIGHT_FAULTS=$(or $(COUNT),50) FIRSTLIGHT_SEED=$(or $(SEED),0) $(BIN)/python -m pytest tests/test_remote_faults.py
	@FIRSTLIGHT_JOBS=$(or $(JOBS),12) $(BIN)/python -m pytest tests/test_ray.py -k killed_midway

living: .venv/all.stamp
	@$(BIN)/python tests/living_seeds.py $(or $(RUN),mnist) --seeds $(or $(SEEDS),30)

bench: .venv/bench.stamp
	@$(BIN)/python -m benchmarks sampling $(if $(FILE),--json $(FILE))

docs: .venv/docs.stamp
	@$(BIN)/python docs/builder/build.py $(if $(VERSION),--version $(VERSION)) $(if $(filter no,$(PICTURES)),--no-pictures)

docs-serve: docs
	@echo "The docs are on http://127.0.0.1:$(DOCS_PORT), until Ctrl-C"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs $(DOCS_PORT)

docs-run: .venv/all.stamp
	@$(BIN)/python tests/docs_blocks.py $(if $(SMALL),--small) $(PAGE)

audit: .venv/audit/bin/pip-audit
	@$(BIN)/python .ci/audit.py

check: .venv/all.stamp
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

install: .venv/all.stamp

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Firstlight needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv

.venv/dashboard.stamp: pyproject.toml | .venv/bin/python
	@echo "Installing what the dashboard needs into .venv (once, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/docs.stamp: pyproject.toml .venv/dashboard.stamp
	@echo "Installing what builds the docs into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

.venv/all.stamp: requirements.txt .venv/dashboard.stamp
	@echo "Installing everything into .venv (once, about 4 minutes and 7.5 GB)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

.venv/bench.stamp: requirements-bench.txt .venv/all.stamp
	@echo "Installing the peers into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-bench.txt
	@touch $@

trackers: .venv/trackers/stamp

.venv/trackers/stamp: requirements-trackers.txt | .venv/dashboard.stamp
	@echo "Installing other trackers into .venv/trackers"
	@$(BIN)/python -m venv .venv/trackers
	@.venv/trackers/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-trackers.txt
	@touch $@

.venv/audit/bin/pip-audit: .venv/dashboard.stamp
	@$(BIN)/python -m venv .venv/audit
	@.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit 2>.venv/audit/errors || \
	  { echo "pip-audit was not installed (.venv/audit/errors); try again with a network." >&2; exit 2; }

# the graphs, tables and cards that Firstlight ships: after one was made anew
shipped:
	@git ls-files '*.onnx' 'runs/*/run.json' 'runs/*/*.parquet' | xargs sha256sum > firstlight/untrusted/shipped.txt

clean:
	rm -rf .venv build *.egg-info
