# `make help` lists what there is to make.
.DEFAULT_GOAL := help
SHELL := bash

HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?= ./data
DIR ?= ../shared/corpus

UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .uv/bin/uv)
PYTHON := .venv/bin/python
SAFELIGHT := .venv/bin/safelight
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm
IN_TWO := --numprocesses 2 --dist loadgroup --no-loadscope-reorder
INSTALL := $(UV) pip install --quiet --compile-bytecode --python $(PYTHON)

.PHONY: help
help: ## List what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/run ## Start the product on 127.0.0.1:8000 (HOST=, PORT=, DATA=)
	@exec $(SAFELIGHT) up --host $(HOST) --port $(PORT) --data-dir $(DATA)

.PHONY: setup
setup: .venv/run ## Prepare .venv with what the product needs

.PHONY: test
test: .venv/dev ## Run all tests, two at a time
	$(PYTHON) -m pytest $(IN_TWO)

.PHONY: test-kafka
test-kafka: .venv/dev ## Run the stories of the scaled product on Apache Kafka, two at a time (Java, Maven; STORIES=)
	SAFELIGHT_TEST_BROKER=kafka $(PYTHON) -m pytest $(IN_TWO) -k 'not embedded' \
		$(or $(STORIES),tests/backends/delivery tests/journeys)

.PHONY: test-faults
test-faults: .venv/dev ## Kill, fill, pause and flood the product (SEED=, MODE=, ONLY=, SKIP=, TIMES=, MINUTES=, PAUSE=, FORKED=1)
	$(PYTHON) -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(MODE),--mode $(MODE)) \
		$(if $(ONLY),--only '$(ONLY)') $(if $(SKIP),--skip '$(SKIP)') $(if $(TIMES),--times $(TIMES)) \
		$(if $(MINUTES),--minutes-of-overload $(MINUTES)) $(if $(PAUSE),--pause $(PAUSE)) $(if $(filter 1,$(FORKED)),--forked) \
		$(if $(wildcard $(DIR)/manifest.json),--corpus $(DIR)) $(if $(WRITE),--write $(WRITE))

.PHONY: servers
servers: .venv/dev ## Start small PostgreSQL, Redis, Kafka and S3 servers, to try the scaled mode
	@$(PYTHON) -m tests.servers

.PHONY: check
check: .venv/dev ## Format, lint, types, import contracts, file lengths
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -q tests/test_architecture.py::test_no_file_has_more_than_300_lines

.PHONY: fmt
fmt: .venv/dev ## Format and mend what a machine can
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: bench
bench: .venv/dev ## Measure what the product promises, as a table of ratios
	$(PYTHON) -m bench

.PHONY: bench-api
bench-api: .venv/dev ## Measure the API beside a bare server: reads, uploads, waits, a million images
	$(PYTHON) -m bench.api
	$(PYTHON) -m bench.lists

.PHONY: bench-scaled
bench-scaled: .venv/dev ## Measure the product in parts, on servers that it starts itself
	$(PYTHON) -m bench.scaled

.PHONY: bench-lists
bench-lists: .venv/dev ## Measure lists of a thousand and of a million pictures (MANY=, DATABASE=)
	$(PYTHON) -m bench.lists $(if $(MANY),--many $(MANY)) $(if $(DATABASE),--database $(DATABASE))

.PHONY: bench-pixels
bench-pixels: bench/pixels/node_modules ## Measure pixels beside Pillow and sharp: time, likeness, memory
	$(PYTHON) -m bench.pixels

.PHONY: docs-pictures
docs-pictures: .venv/dev ## Make the pictures of docs/transformations.md and the contact sheet
	$(PYTHON) -m docs.samples

.PHONY: corpus
corpus: .venv/dev ## Upload a corpus of good, tricky and hostile pictures, in both modes (DIR=)
	$(PYTHON) -m tests.corpus $(DIR)

.PHONY: fuzz
fuzz: .venv/dev ## Throw damaged pictures at the product (SECONDS=, SEED=, DIR=, MODE=, ONLY=)
	@$(PYTHON) -m tests.fuzz --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1) --folder $(DIR) \
		--mode $(or $(MODE),embedded) $(if $(ONLY),--only $(ONLY))

.PHONY: probe
probe: .venv/dev ## Ask a started product all that its OpenAPI allows, and more (SECONDS=, SEED=, MODE=)
	@$(PYTHON) -m tests.probe --seconds $(or $(SECONDS),90) --seed $(or $(SEED),1) \
		--mode $(or $(MODE),embedded)

.PHONY: certs
certs: .venv/run ## Make the keys that sign access tokens, unless they are there (DATA=)
	$(SAFELIGHT) certs --data-dir $(DATA)

.PHONY: migrate
migrate: .venv/run ## Bring the database up to date (DATA=)
	$(SAFELIGHT) migrate --data-dir $(DATA)

.PHONY: up
up: ## Start the scaled product in containers (docs/operations.md)
	@test -f .env || $(call refuse,There is no .env: run `cp .env-example .env` and fill in what is empty)
	@test -f certs/private.pem || $(call refuse,There are no keys: run `make certs DATA=./certs`)
	@owner=$$(sed -n 's/^KEYS_OWNER=//p' .env); find certs/private.pem -user "$${owner:-0}" \
		! -user 0 | grep -q . || $(call refuse,Set KEYS_OWNER in .env to who owns ./certs - not root)
	@docker compose version >/dev/null 2>&1 || $(call refuse,Install Docker with its plugin compose)
	docker compose up --build --detach --wait
	@echo 'API   http://127.0.0.1:8000/v1'

.PHONY: down
down: ## Stop the containers and keep what they know
	docker compose down

.PHONY: lock
lock: .venv/bench ## Compile the locks anew from pyproject.toml and package.json
	$(call compile,run,--group build)
	$(call compile,dev,--group dev)
	$(call compile,bench,--group bench)
	cd bench/pixels && $(NPM) install --package-lock-only

.PHONY: clean
clean: ## Remove everything that make made, but no data
	rm -rf .venv .uv bench/pixels/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

refuse = { echo '$(1)' >&2; exit 1; }

compile = $(UV) pip compile --quiet --universal --generate-hashes --upgrade --no-annotate \
	--no-emit-index-url --no-emit-find-links --python-version 3.11 \
	--custom-compile-command 'make lock' pyproject.toml $(2) --output-file requirements/$(1).txt

.uv/bin/uv:
	@echo 'Fetching uv $(UV_VERSION) ...'
	@python3 -m venv .uv && .uv/bin/pip install --quiet uv==$(UV_VERSION)

.venv/bin/python: | $(UV)
	@$(UV) venv --quiet --python python3 .venv

# The package is installed editable, without an index and without building in isolation.
.venv/run: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo 'Installing what the product needs ...'
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --offline --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: requirements/dev.txt .venv/run
	@echo 'Installing what its development needs ...'
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/bench: requirements/bench.txt .venv/dev
	@echo 'Installing what it is measured against ...'
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

bench/pixels/node_modules: bench/pixels/package-lock.json .venv/bench
	@cd bench/pixels && $(NPM) ci --silent
	@touch $@
