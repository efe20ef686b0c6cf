# Every task a person runs. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BELONGING := $(BIN)/belonging
PYTEST := $(BIN)/pytest

.DEFAULT_GOAL := help
.PHONY: help publish build plan send status serve new preview check doctor \
        test lint format types bench bench-build lighthouse soak mutate style gallery pictures words docs lock clean

help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- for writers and operators ------------------------------------------------------------------------------

publish: $(VENV)/run ## build the site and mail what is new
	@$(BELONGING) publish

build: $(VENV)/run ## build the site into output/, mail nothing
	@$(BELONGING) build $(CHANGED)

plan: $(VENV)/run ## show what would be mailed
	@$(BELONGING) plan

send: $(VENV)/run ## mail what is new, from the last build
	@$(BELONGING) send

status: $(VENV)/run ## show every campaign and where its recipients stand
	@$(BELONGING) status

serve: $(VENV)/run ## show the site and the local mailbox in a browser
	@$(BELONGING) serve

new: $(VENV)/run ## start a post: make new TITLE="…"
	@$(BELONGING) new -- "$$TYPED_TITLE"

preview: $(VENV)/run ## show the letter of a post: make preview POST=content/posts/….md
	@$(BELONGING) preview -- "$$TYPED_POST"

check: $(VENV)/run ## look for mistakes in all posts
	@$(BELONGING) check

doctor: $(VENV)/run ## look over settings, key, store and mail server
	@$(BELONGING) doctor

# As it was typed: make would take a dollar sign for the beginning of a name.
export TYPED_TITLE = $(value TITLE)
export TYPED_POST = $(value POST)

# --- for those who change the code --------------------------------------------------------------------------

test: $(VENV)/dev ## run every test
	@$(PYTEST) -n auto $(ARGS)

lint: $(VENV)/dev ## style, types, direction of imports, spelling, dead code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/vulture
	@$(BIN)/codespell

format: $(VENV)/dev ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/dev ## check types
	@$(BIN)/mypy

bench: $(VENV)/dev ## measure; prints rates and ratios
	@$(BIN)/python -m tests.bench

lighthouse: $(VENV)/dev ## have Lighthouse score four pages as a phone sees them
	@$(BIN)/python -m tests.lighthouse

bench-build: $(VENV)/dev ## measure builds beside Hugo's, Eleventy's and Pelican's own (SIZES="100 1000 10000"); minutes to an hour
	@$(BIN)/python -m tests.bench.builds $(SIZES)

soak: $(VENV)/dev ## the long tests: a thousand kills, new examples for every property
	@BELONGING_KILLS=1000 $(PYTEST) tests/kill -p no:randomly
	@BELONGING_SOAK=1 $(PYTEST) -n auto

mutate: $(VENV)/dev ## change the core here and there and see that a test notices
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

words: $(VENV)/dev ## bring the translations up to date with the templates; LANGUAGE=fr begins one
	@$(BIN)/python theme/wording.py $(LANGUAGE)

style: $(VENV)/run ## put the theme's style sheet together from its components
	@$(BIN)/python theme/stylesheet.py

gallery: $(VENV)/run ## show every component of the theme: docs/gallery/index.html
	@$(BIN)/python theme/gallery.py docs/gallery && echo docs/gallery/index.html

pictures: $(VENV)/dev ## take the screenshots in docs/pictures/ anew
	@$(BIN)/python -m tests.pictures

docs: $(VENV)/dev ## write the generated pages of docs/ anew
	@$(BIN)/python -m tests.reference

lock: $(VENV)/dev ## choose the newest versions of all dependencies
	@$(PYTHON) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip install --quiet uv
	@for extra in "" "--extra dev"; do \
	  out=requirements$${extra:+-dev}.txt; \
	  $(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	    --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    $$extra pyproject.toml $${extra:+--constraint requirements.txt} --output-file $$out; \
	done

clean: ## take away everything that was generated, but not var/ (it holds the list)
	@rm -rf output $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants

# --- the environment: exactly what the lock names, hashes checked -----------------------------------------------

$(VENV)/run: requirements.txt pyproject.toml
	@$(call environment,requirements.txt)

$(VENV)/dev: requirements-dev.txt pyproject.toml
	@$(call environment,requirements-dev.txt)
	@touch $(VENV)/run

define environment
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Belonging needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }; \
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "This Python cannot make environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	echo "Installing what $(1) names (once) …" && \
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(1) && \
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && \
	touch $@
endef
