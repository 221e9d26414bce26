PYTHON ?= python3
PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin
NODE := build/node
# Each test worker holds the networks, 1.5 GB.
WORKERS ?= 2

.PHONY: setup run test browser lint lint-scripts types docs screenshots walk-throughs demo parity bench-photo bench bench-quick clean

setup: $(VENV)/.made
	@$(BIN)/facetoken weights

run: setup
	@FACETOKEN_PORT=$${FACETOKEN_PORT:-$(PORT)} exec $(BIN)/facetoken serve

# The files of tests are dealt out whole, in the order in which tests/conftest.py puts them.
test: $(VENV)/.made-dev browser
	@$(BIN)/facetoken weights --photos
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# What the page is tested with: Debian's Chromium; axe-core and a linter from npm. Tests tell what could not be had.
browser:
	@tests/browser_packages
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE)/.made || test -z "$$REQUIRE_BROWSER"; fi

$(NODE)/.made: $(addprefix tests/node/,package.json package-lock.json eslint.config.js .npmrc)
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

lint: $(VENV)/.made-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-scripts; \
	else echo "web/*.js is not linted: npm is missing" >&2; test -z "$$REQUIRE_BROWSER"; fi

lint-scripts: $(NODE)/.made
	$(NODE)/node_modules/.bin/eslint --config $(NODE)/eslint.config.js --max-warnings 0 web

types: $(VENV)/.made-dev
	$(BIN)/mypy

docs: $(VENV)/.made
	$(BIN)/facetoken settings --markdown > docs/settings.md
	$(BIN)/python -m benchmarks.dialect_pages

# Takes the pictures of docs/pages/ again.
screenshots: $(VENV)/.made-dev browser
	@$(BIN)/facetoken weights --photos
	RECORD_PAGES=1 $(BIN)/python -m pytest tests/test_page_pictures.py

# Runs every command of docs/api/*.md, with curl, against servers of its own.
walk-throughs: docs
	@$(BIN)/facetoken weights --photos
	$(BIN)/python -m benchmarks.dialect_pages --record

demo: $(VENV)/.made
	@$(BIN)/facetoken weights --photos
	@$(BIN)/python -m benchmarks.demo

# The reference implementations, in environments of their own: 5.5 GB (torch), 2 GB (TensorFlow), 7.3 GB (DeepFace).
.venv-%/.made: benchmarks/requirements-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip --disable-pip-version-check install -q -r $<
	@touch $@

CONTRACT := tests/test_native.py tests/test_bad_input.py

parity: $(VENV)/.made .venv-torch/.made .venv-tensorflow/.made
	@$(BIN)/facetoken weights --photos
	@$(BIN)/python -m benchmarks.parity
	FACETOKEN_BACKEND=torch .venv-torch/bin/python -m pytest $(CONTRACT)
	FACETOKEN_BACKEND=tensorflow .venv-tensorflow/bin/python -m pytest $(CONTRACT)

bench-photo: $(VENV)/.made .venv-torch/.made .venv-deepface/.made
	@$(BIN)/facetoken weights --photos
	@$(BIN)/python -m benchmarks.photo

# An hour on a quiet machine; `make bench BENCH='--only search'` and the like. A peer that cannot be installed is left out.
bench: $(VENV)/.made-bench
	-@$(MAKE) --no-print-directory --keep-going .venv-torch/.made .venv-deepface/.made .venv-search/.made
	@$(BIN)/facetoken weights --photos
	@$(BIN)/python -m benchmarks.bench $(BENCH)

bench-quick: $(VENV)/.made
	@$(BIN)/facetoken weights --photos
	@$(BIN)/python -m benchmarks.bench --quick

$(VENV)/.made: constraints.txt setup.cfg
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip --disable-pip-version-check install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.made-%: $(VENV)/.made constraints.txt setup.cfg
	$(BIN)/pip --disable-pip-version-check install -q -c constraints.txt -e '.[$*]'
	@touch $@

clean:
	rm -rf $(VENV) .venv-* *.egg-info build .mypy_cache .pytest_cache .ruff_cache .hypothesis
