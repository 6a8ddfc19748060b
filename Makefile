# Crosswalk: `make up` runs everything on this machine, `make test` proves it. `make help` lists the rest.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Without compiled modules every Airflow process starts several times slower.
unexport PYTHONDONTWRITEBYTECODE

# The first Python of a supported version; name another one with `make up PYTHON=…`.
PYTHON := $(shell for python in python3.12 python3.11 python3.13 python3; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

BIN := .venv/bin
CROSSWALK := $(BIN)/python -m crosswalk_airflow.command_line

.PHONY: help install up down reset status logs dags test lint bench

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

install:  ## make or update .venv from the lock
	@test -n "$(PYTHON)" || { echo "Crosswalk needs Python 3.11, 3.12 or 3.13, and none is on the PATH:" \
		"install one, or name it with PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -I plugins/crosswalk_airflow/local/install.py .

up: install  ## start everything, resume where it stopped
	@$(CROSSWALK) up

down:  ## stop, keep all state
	@if test -x $(BIN)/python; then $(CROSSWALK) down; fi

reset: install  ## stop and delete all local state
	@$(CROSSWALK) reset

status: install  ## show the components
	@$(CROSSWALK) status

logs: install  ## show and follow the components' logs
	@$(CROSSWALK) logs --follow

dags: install  ## list the DAGs of the running system
	@$(CROSSWALK) airflow dags list

# Two calls: what needs no Airflow uses every core, then the one running Airflow has the machine to itself. The second also runs when
# the first has failed; that one of them has nothing to do (pytest's status 5) is no failure.
test: install  ## run all tests
	@part() { $(BIN)/python -m pytest "$$@" $(PYTEST_OPTIONS) || test $$? -eq 5; }; \
	part -m "not airflow" --numprocesses logical --maxprocesses 4 --dist worksteal; failed=$$?; \
	part -m airflow && exit $$failed

lint: install  ## style, types, layering
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install  ## measure, and compare with the last results
	@$(BIN)/python -m benchmarks
