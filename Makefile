# rodflow_widgets: `make lab` to try it, `make test` to check everything, `make help` for the rest.
# Nothing needs to be installed by hand but Python >= 3.11 and Node >= 20; it all goes into .venv/ and node_modules/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What a user's pip is set to must not choose other packages or another place.
unexport PIP_CONSTRAINT PIP_USER PIP_TARGET PIP_PREFIX PYTHONHOME PYTHONPATH
# uv installs no bytecode: unless the first import writes it, every kernel and every test process compiles torch anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PEERS := .peers
STATIC := rodflow_widgets/widgets/static
BUNDLE := $(STATIC)/live.js
EXTENSION := build/labextension
NOTEBOOK := notebooks/01_quickstart.ipynb
LAB_ARGS ?=
PYTEST_ARGS ?=
STATES ?=

say = @printf '\033[1m== %s\033[0m\n' "$(1)"
stop = { printf '\n%s\n' "$(1)" >&2; exit 1; }

# The first Python that runs and is new enough; PYTHON=... chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$p" && break; done)

# uv does not read pip's find-links. Both uv and pip by themselves pick torch with CUDA on Linux.
FIND_LINKS := $(foreach link,$(PIP_FIND_LINKS),--find-links $(link))
ifeq ($(FIND_LINKS)$(shell uname -s),Linux)
UV_TORCH := --torch-backend cpu
PIP_TORCH := --extra-index-url https://download.pytorch.org/whl/cpu
endif

.PHONY: help node lab test check format build docs wheel-trial bench bench-peers screenshot states clean python-tests node-tests browser
help:
	@echo 'make lab         set everything up and open JupyterLab on $(NOTEBOOK)'
	@echo '                 (flags for JupyterLab: make lab LAB_ARGS="--no-browser --port 8899")'
	@echo 'make test        set everything up and run every test: Python, TypeScript, notebooks, a real browser'
	@echo 'make check       formatting, lint and types only; changes no file'
	@echo 'make format      put Python and TypeScript into their format'
	@echo 'make build       wheel and sdist into dist/'
	@echo 'make docs        the documentation in build/site, with the notebooks executed where they or the package changed'
	@echo 'make wheel-trial both built, installed where there is no Node, and used: command line, notebook, JupyterLab'
	@echo 'make bench       the benchmarks, but for benchmarks/setup.py, which installs everything once more'
	@echo 'make bench-peers eigenvalues beside curvlinops, PyHessian and others, in .peers/; writes docs/benchmarks.md'
	@echo 'make screenshot  the pictures of the README and of docs/extension.md, taken from JupyterLab'
	@echo 'make states      those of docs/front-end.md (some of them: make states STATES="paused gone")'
	@echo 'make clean       remove everything that was built or installed here'

# ---- set-up: every step leaves a stamp, so that nothing is done twice ----

$(VENV)/.made:
	@test -n "$(PYTHON)" || $(call stop,Python 3.11 or newer was not found. Install it (Debian: apt install python3 python3-venv; macOS: brew install python) or name one: make lab PYTHON=/path/to/python3)
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || $(call stop,$(PYTHON) is older than Python 3.11: name a newer one: make lab PYTHON=/path/to/python3)
	$(call say,Python environment in $(VENV)/)
	@"$(PYTHON)" -m venv $(VENV) || $(call stop,No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv)
	@# JupyterLab brings a CommonJS file that node would read as a module because of our package.json.
	@echo '{"type": "commonjs"}' > $(VENV)/package.json
	@touch $@

$(VENV)/.uv: $(VENV)/.made constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv \
		|| echo 'uv could not be installed: going on with pip, which is slower.'
	@touch $@

# $(call install,EXTRAS)
define install
	@if [ -x $(BIN)/uv ]; then \
		VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet $(FIND_LINKS) $(UV_TORCH) -c constraints.txt -e '.[$(1)]'; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_TORCH) -c constraints.txt -e '.[$(1)]'; \
	fi
endef
PACKAGE := $(VENV)/.uv pyproject.toml hatch_build.py constraints.txt rodflow_widgets/version.py

$(VENV)/.lab: $(PACKAGE)
	$(call say,Python packages: torch for the CPU$(comma) JupyterLab$(comma) this package)
	$(call install,lab$(comma)data)
	@touch $@

$(VENV)/.test: $(VENV)/.lab
	$(call say,Python packages of the tests)
	$(call install,lab$(comma)data$(comma)test)
	@touch $@

$(VENV)/.docs: $(VENV)/.lab
	$(call say,Python packages of the documentation)
	$(call install,lab$(comma)data$(comma)docs)
	@touch $@

# Wanted before the Python packages: a Node that is missing is found before a gigabyte is installed.
node:
	@command -v node >/dev/null && command -v npm >/dev/null \
		|| $(call stop,Node 20 or newer was not found. It builds the widget: install it (Debian: apt install nodejs npm; macOS: brew install node; or nodejs.org) and call make again.)
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
		|| $(call stop,Node 20 or newer is needed; this is Node $$(node --version).)

node_modules/.made: package.json package-lock.json | node
	$(call say,Node packages in node_modules/)
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

docs/node_modules/.made: docs/package.json docs/package-lock.json | node
	$(call say,What pages of the documentation load)
	@npm ci --prefix docs --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# One build for both. The tutorials are part of the extension.
$(BUNDLE): node_modules/.made tsconfig.json js/build.mjs $(shell find js/src js/extension notebooks -type f -not -path '*/.ipynb_checkpoints/*' 2>/dev/null)
	$(call say,JavaScript of the widget and of the JupyterLab extension)
	@npm run --silent build
	@touch $@

$(EXTENSION)/package.json: $(BUNDLE)
	@test -f $@ || npm run --silent build
	@touch $@

# JupyterLab finds the extension as it is built last: an editable install holds none.
$(VENV)/.extension: $(VENV)/.lab $(EXTENSION)/package.json
	@mkdir -p $(VENV)/share/jupyter/labextensions
	@rm -rf $(VENV)/share/jupyter/labextensions/rodflow-widgets
	@ln -s $(abspath $(EXTENSION)) $(VENV)/share/jupyter/labextensions/rodflow-widgets
	@touch $@

browser: $(VENV)/.test
	@$(BIN)/python tests/browser/chromium.py

# ---- what people call ----

lab: node $(VENV)/.extension
	$(call say,JupyterLab on $(NOTEBOOK); it ends with Ctrl-C)
	@exec $(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir=$(dir $(NOTEBOOK)) \
		--LabApp.default_url=/lab/tree/$(notdir $(NOTEBOOK)) $(LAB_ARGS)

test: node
	@$(MAKE) -j2 check node-tests
	@$(MAKE) python-tests

check: $(VENV)/.test node_modules/.made
	$(call say,Format$(comma) lint and types)
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@npm run --silent typecheck
	@npm run --silent pyright
	@npm run --silent check

node-tests: node_modules/.made $(EXTENSION)/package.json
	$(call say,TypeScript tests and the size of the bundle)
	@npm run --silent test
	@npm run --silent size

python-tests: $(VENV)/.test $(VENV)/.extension browser
	$(call say,Python tests$(comma) on every core)
	@$(BIN)/python -m pytest -n auto --dist worksteal tests --ignore tests/browser $(PYTEST_ARGS)
	@# A page with a kernel wants a core or more: two browsers at once, in the order of the files, short notebooks last.
	$(call say,Browser and notebooks)
	@# One thread a kernel: two that share the cores with threads of their own wait for each other.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval-lax tests/browser notebooks $(PYTEST_ARGS)

format: $(VENV)/.test node_modules/.made
	@$(BIN)/ruff check --quiet --fix-only . ; $(BIN)/ruff format .
	@npm run --silent format

build: $(VENV)/.test $(EXTENSION)/package.json
	$(call say,Wheel and sdist in dist/)
	@rm -rf dist
	@$(BIN)/hatchling build

docs: $(VENV)/.docs docs/node_modules/.made $(BUNDLE)
	$(call say,Documentation in build/site)
	@$(BIN)/python -m sphinx -W --keep-going --quiet -b html docs build/site
	@echo 'Open build/site/index.html in a browser; it needs no network.'

wheel-trial: build browser
	$(call say,The wheel in an environment of its own$(comma) without Node)
	@$(if $(PIP_TORCH),PIP_EXTRA_INDEX_URL='$(lastword $(PIP_TORCH))') $(BIN)/python -m tests.release.trial dist

bench: $(VENV)/.test $(EXTENSION)/package.json browser
	@for file in $(filter-out benchmarks/setup.py,$(wildcard benchmarks/*.py)); do echo "== $$file"; $(BIN)/python "$$file"; done

# The peers ask for packages, and may ask for a torch, that this one does not want: an environment of their own.
$(PEERS)/.made: benchmarks/peers/requirements.txt pyproject.toml | $(VENV)/.made
	$(call say,The peers in $(PEERS)/)
	@"$(PYTHON)" -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_TORCH) -r $< -e .
	@touch $@

bench-peers: $(PEERS)/.made
	@OMP_NUM_THREADS=1 $(PEERS)/bin/python -m benchmarks.peers --pip '$(PIP_TORCH)' --write docs/benchmarks.md

screenshot: $(VENV)/.test $(EXTENSION)/package.json browser
	@$(BIN)/python docs/screenshot.py
	@$(BIN)/python docs/extension.py

states: $(VENV)/.test $(EXTENSION)/package.json browser
	@$(BIN)/python docs/states.py $(STATES)

clean:
	rm -rf $(VENV) $(PEERS) node_modules docs/node_modules docs/tutorials dist build $(STATIC)/*.js $(STATIC)/*.css .mypy_cache .ruff_cache .pytest_cache

comma := ,
