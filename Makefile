# Everything here works from a fresh clone. `make help` lists the commands.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-config \
	--universal --python-version 3.11
export PYTHON VAR_DIR ?= var
# Where a container sets it, every process would compile all it imports anew: seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check bench soak soak-callbacks lock lint tools
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

setup: .venv/.run ## install into .venv and make up the secrets of the demonstration
	@$(BIN)/python -m config.made_up

run: setup ## start everything, print the links; Ctrl-C stops it
	@$(BIN)/sos3624 run

test: .venv/.dev tools lint ## every check and every test (installs what they need)
	@TMPDIR=$$(.ci/scratch) $(BIN)/pytest -n 3 -m "not soak"

check: .venv/.dev lint ## the checks, and the tests that start no server
	@TMPDIR=$$(.ci/scratch) $(BIN)/pytest -n 2 -m "not soak and not browser and not servers"

bench: .venv/.dev ## measure, and print the figures of the README
	@$(BIN)/python -m bench

soak: .venv/.dev tools ## the long fault campaign
	@$(BIN)/pytest -m soak --timeout 0

soak-callbacks: .venv/.dev tools ## 10,000 call-backs, 500 kill -9, a carrier that fails
	@$(BIN)/pytest -s -m soak tests/faults/test_callbacks_soak.py --timeout 0

lock: ## resolve the dependencies of pyproject.toml anew
	@$(LOCK) --upgrade pyproject.toml -o requirements.lock
	@$(LOCK) --upgrade pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint --quiet --check console/templates

tools:
	@.ci/tools

# The development lock holds all of the other: what is installed for the tests serves `make run` too.
.venv/.run: requirements.lock pyproject.toml .ci/install
	@.ci/install requirements.lock
	@rm -f .venv/.dev && touch $@

.venv/.dev: requirements-dev.lock requirements.lock pyproject.toml .ci/install
	@.ci/install requirements-dev.lock
	@touch .venv/.run $@
