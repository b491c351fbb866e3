# Everything that a fresh clone needs. It takes Python 3.11 or later, git and make; the rest goes into .venv.
#
#   make run      build the example on the real data
#   make verify   build the example from nothing, elsewhere, and compare with pipeline.lock
#   make test     all checks: lint, format, types, tests
#   make bench    the benchmarks, as ratios; `make bench BENCH=--quick` takes a minute
#   make clean    remove what was built, and caches; the store in .pipe stays
#   make distclean  remove .venv and .pipe as well

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run verify test lint types pytest format bench clean distclean

help:
	@sed -n 's/^#   //p' Makefile

run: .venv/.example
	@$(BIN)/pipe run
	@echo
	@echo "The result: build/report.md with build/report.png; the scores: build/comparison.csv"
	@cat build/comparison.csv

# A report for CI systems goes with it: `make verify VERIFY='--junit verify.xml'`.
verify: .venv/.example
	@$(BIN)/pipe verify $(VERIFY)

test: lint types pytest

lint: .venv/.dev
	$(BIN)/ruff check -q .
	$(BIN)/ruff format --check -q .

types: .venv/.dev
	$(BIN)/mypy

# Byte code first: where Python is told to write none, each of thousands of `pipe` would compile all of itself.
pytest: .venv/.dev
	@$(BIN)/python -m compileall -q pipeline tests
	$(BIN)/pytest -q -n 2 --dist loadfile

format: .venv/.dev
	$(BIN)/ruff check -q --fix .
	$(BIN)/ruff format -q .

bench: .venv/.bench
	@set -e; for script in $(sort $(wildcard benchmarks/bench_*.py)); do $(BIN)/python $$script $(BENCH); done

# Stamps: packages are installed again only when pyproject.toml has changed.
.venv/.example: pyproject.toml | $(BIN)/python
	@echo "installing what the example needs into .venv (once; a minute or two)"
	@$(PIP) install -e '.[example]'
	@touch $@

.venv/.dev: pyproject.toml | $(BIN)/python
	@echo "installing what the checks need into .venv (once; a minute or two)"
	@$(PIP) install -e '.[dev]'
	@touch $@ .venv/.example

.venv/.bench: pyproject.toml | $(BIN)/python
	@echo "installing what the benchmarks need into .venv (once)"
	@$(PIP) install -e '.[example,bench]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: this needs Python 3.11 or later, and \`$(PYTHON)\` is not one" >&2; \
	  echo "help: name another, as in \`make PYTHON=python3.13\`" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv .pipe
