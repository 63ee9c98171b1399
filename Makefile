# The commands we promise. Everything lives in .venv; nothing else has to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
STAMP := $(VENV)/.ready

.PHONY: setup run test test-all check bench lock translations clean

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml package-lock.json hatch_build.py tools/assets.py
	@echo "Installing into $(VENV)/; this takes a minute the first time."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Greenroom needs Python 3.11 or newer (set PYTHON=...)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python tools/catalogs.py compile
	@touch $(STAMP)

run: setup
	$(BIN)/greenroom demo --port $(PORT)

test: setup
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow and not browser"

test-all: setup
	GREENROOM_TEST_ALL=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/catalogs.py check
	$(BIN)/python -m pytest -q tests/architecture

bench: setup
	@for name in bench/*.py; do case $$name in bench/_*) ;; *) echo "== $$name"; $(BIN)/python $$name || exit 1;; esac; done

# Renews the locks. No index lines are written, so that any mirror can serve them.
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --extra dev --extra s3-test --extra otel pyproject.toml -o requirements-dev.lock

translations: setup
	$(BIN)/python tools/catalogs.py extract

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
