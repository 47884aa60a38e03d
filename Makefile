# Everything that a developer types. Each target is a line or two; the work is done by what it calls.

CARGO ?= cargo
TARGET = $(or $(CARGO_TARGET_DIR),target)
BUF = 1.57.2
# What is installed wins over what fetch-tools fetched.
export PATH := $(PATH):$(CURDIR)/.tools/venv/bin

.PHONY: help demo dev test lint bench behaviours conformance check-deploy tools soak soak-simulation soak-chaos

help:
	@echo "make demo         two address books and two calendars that disagree become one, in front of you"
	@echo "make dev          everything up against the sandbox, until Ctrl-C"
	@echo "make test         formatting, lints and every test"
	@echo "make lint         formatting and lints alone"
	@echo "make behaviours   fill in which tests show what docs/behaviours.md lists"
	@echo "make bench        how fast it is, beside what the machine allows"
	@echo "make soak         the simulation for SOAK_MINUTES (10) with a new seed, then soak-chaos"
	@echo "make soak-chaos   every promise while everything breaks, at full size and with a new seed"
	@echo "make conformance  the providers' own client libraries against the sandbox"
	@echo "make check-deploy the Dockerfile, docker-compose.yml and nats.conf"

tools:
	@deploy/local/fetch-tools

demo: tools
	@$(CARGO) build --locked --workspace --bins
	@$(TARGET)/debug/demo

dev: tools
	@$(CARGO) build --locked --workspace --bins
	@$(TARGET)/debug/demo --keep

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@if command -v npx >/dev/null 2>&1; then npx --yes @bufbuild/buf@$(BUF) lint proto; fi

test: lint
	@deploy/local/fetch-tools tests
	$(CARGO) nextest run --workspace --locked --no-run
	$(TARGET)/debug/with-servers -- $(CARGO) nextest run --workspace --locked

behaviours:
	$(CARGO) test --locked --quiet --package test-kit --test house write_the_last_column -- --ignored

conformance: tools
	tests/conformance/run

check-deploy:
	@deploy/check

bench: tools
	@$(CARGO) build --locked --release --workspace --bins
	@$(TARGET)/release/bench all

# A run that fails is repeated with the seed that it printed: make soak-chaos SEED=1700000000
soak-chaos: SEED ?= $(shell date +%s)
soak-chaos: tools
	@$(CARGO) build --locked --workspace --bins
	RAPPORT_CHAOS_RECORDS=2000 RAPPORT_CHAOS_SEED=$(SEED) $(TARGET)/debug/with-servers -- \
		$(CARGO) nextest run --locked --profile soak --package e2e --test chaos

SOAK_MINUTES ?= 10
soak: soak-simulation soak-chaos

soak-simulation: tools
	RAPPORT_SIMULATION_MINUTES=$(SOAK_MINUTES) RAPPORT_SIMULATION_SEED=$$(date +%s)000 \
		$(CARGO) nextest run --locked --profile soak --run-ignored all --success-output final --package simulation shard
