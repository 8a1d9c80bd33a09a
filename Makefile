# Everything one does with Weir from a checkout; `make help` lists it.
# The right Node and npm come into .toolchain/ first, by whatever Node (20 or newer) and npm (9 or newer) are on PATH.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

tools := .toolchain/node_modules/.bin
toolchain-stamp := .toolchain/.installed
modules-stamp := node_modules/.installed
arch := $(patsubst x86_64,x64,$(patsubst aarch64,arm64,$(shell uname -m)))

# A user's npmrc or environment may say `nodedir=` (headers of another Node), `omit=dev`, `ignore-scripts` or `global`: none of it holds here.
npm-env := env -u NODE_OPTIONS -u NODE_ENV npm_config_nodedir="$(CURDIR)/.toolchain/node_modules/node-linux-$(arch)"
npm-flags := --include=dev --include=optional --ignore-scripts=false --global=false --no-audit --no-fund --no-update-notifier --loglevel=error

run-node = PATH="$(CURDIR)/$(tools):$(CURDIR)/node_modules/.bin:$$PATH"

.PHONY: help install run test check bench soak docs image bundle test-image deps-test clean

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

install: $(modules-stamp) ## the pinned Node and npm, and all packages

run: install ## Weir with simulated machines and a local cloud; Ctrl-C ends it (needs no rights)
	@$(run-node) exec node firmware/cli/weir.ts start --demo

test: install ## types, lint, layers and every test (DEMAND_ALL=1: a missing tool or right is a failure)
	@$(run-node) node scripts/run-tests.ts --checks $(if $(DEMAND_ALL),--demand-all) $(if $(JOBS),--jobs $(JOBS)) $(FILES)

check: install ## types, lint and layers only
	@$(run-node) node scripts/run-tests.ts --checks-only

bench: install ## the figures of docs/performance.md (JSON=FILE writes them)
	@$(run-node) node scripts/bench.ts $(if $(JSON),--json "$(JSON)")

soak: install ## kills zones at random under load and compares the ledgers (KILLS=30; JSON=FILE)
	@$(run-node) node scripts/soak.ts --kills $(or $(KILLS),30) $(if $(JSON),--json "$(JSON)")

docs: install ## the generated references in docs/
	@$(run-node) node scripts/generate-docs.ts

image bundle test-image: ## the appliance's image, its update bundle, and their test in an emulator
	@echo "make $@: not available yet" >&2; exit 1

deps-test: ## the Debian packages and the Debian tree that the tests use as real peers (needs root)
	@scripts/install-test-packages
	@scripts/appliance-tree >/dev/null || echo "deps-test: without the Debian tree the tests of test/appliance are counted as not run" >&2

clean: ## removes what was installed and built, and no data
	rm -rf .toolchain node_modules build coverage

# The outer npm may be of any version and is asked for two packages only; everything else runs under the pinned ones.
$(toolchain-stamp): scripts/toolchain/package-lock.json
	@command -v npm >/dev/null || { echo "make needs a Node of version 20 or newer with npm on PATH" >&2; exit 1; }
	@rm -rf .toolchain && mkdir -p .toolchain
	@cp scripts/toolchain/package.json scripts/toolchain/package-lock.json .toolchain/
	@cd .toolchain && $(npm-env) npm ci $(npm-flags) --engine-strict=false >&2
	@test -x $(tools)/node || { echo "no Node was installed for $(arch); Weir is built on x64 and arm64 Linux" >&2; exit 1; }
	@touch $@

# Not `npm ci`: it refuses a lock file that lacks optional packages of foreign systems, which not every registry holds. With
# --no-save the lock file decides all the same, checksums included; test/scripts/pins.test.ts compares it with package.json.
$(modules-stamp): $(toolchain-stamp) package-lock.json
	@rm -rf node_modules
	@$(run-node) $(npm-env) npm install --no-save $(npm-flags) >&2
	@touch $@
