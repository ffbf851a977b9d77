# Two commands: `make run` serves everything on localhost; `make test` passes every check. Both set themselves up.
SHELL := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SERVE  ?=
# What the tests need besides Python: command=package.
SYSTEM := curl=curl node=nodejs npm=npm javac=default-jdk-headless chromium=chromium

.PHONY: run test soak check bench clean

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "mocksrv needs Python 3.11 or newer; name it with: make PYTHON=python3.12" >&2; exit 1; }
	@echo "setting up $(VENV) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run Makefile
	@echo "installing what the tests need ..." >&2
	@missing=; for each in $(SYSTEM); do command -v $${each%=*} >/dev/null || missing="$$missing $${each#*=}"; done; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive; apt-get -qq update >&2; \
	  for each in $$missing; do apt-get -qq install -y --no-install-recommends $$each >&2 || echo "could not install $$each" >&2; done; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(VENV)/.run
	@exec $(BIN)/mocksrv serve $(SERVE)

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mocksrv check
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --cov --cov-report=term $(PYTEST)

soak: $(VENV)/.test
	MOCKSRV_EXAMPLES=10000 $(BIN)/python -m pytest tests/test_differential.py --durations=0 --durations-min=1 $(PYTEST)

bench: $(VENV)/.test
	$(BIN)/python -m bench.contract
	$(BIN)/python -m bench.sandboxes

check: $(VENV)/.run
	$(BIN)/mocksrv check

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
