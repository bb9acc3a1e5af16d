# Two commands matter: `make book` and `make test`. On Windows without make, see README: the same
# steps are `pip install …` twice, then `qtools build`, `qtools test`, `qtools lab`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: book test lab serve lint format bench lock clean help
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

# The package itself is installed by a second command: hashes and editable do not mix.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] < (3, 14); sys.exit(0 if ok else "需要 Python 3.11–3.13：make PYTHON=python3.12 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(READY)

book: $(READY)  ## execute every notebook, build _build/html/index.html
	$(BIN)/qtools build

test: $(READY)  ## every test: units, references, notebooks, the site in a browser
	$(BIN)/qtools test

lab: $(READY)  ## JupyterLab on notebooks/, in Chinese
	$(BIN)/qtools lab

serve: book  ## the built book on 127.0.0.1
	$(BIN)/qtools serve

lint: $(READY)  ## ruff, mypy, and the notebooks' normal form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/qtools tidy --check

format: $(READY)  ## put code and notebooks into their normal form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/qtools tidy

bench: $(READY)  ## benchmarks: medians in one run
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lock: $(READY)  ## requirements.lock from pyproject.toml, for Python 3.11–3.13 on every system
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --quiet -o requirements.lock

clean:  ## remove everything generated, and the environment
	rm -rf _build $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
