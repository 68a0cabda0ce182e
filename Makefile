# Two commands do all the set-up: `make demo` and `make test`. Each is safe to repeat.
PYTHON ?= python3
VENV := .venv
REFERENCE := .venv-reference
BIN := $(VENV)/bin
export OMP_WAIT_POLICY ?= passive

.PHONY: install install-test demo test test-reference lint clean

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

# The install is redone when what it was made from changes.
$(VENV)/.installed: pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,video,emotion,dlib,dev]"
	touch $@

demo: install
	$(BIN)/python -m harness run --method ua3dtalk

test: install-test
	$(BIN)/python -m pytest

# The packages that define the metrics, as oracles; they need torchvision, so they live apart.
$(REFERENCE)/.installed: requirements-reference.txt
	$(PYTHON) -m venv $(REFERENCE)
	$(REFERENCE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-reference.txt
	touch $@

test-reference: $(REFERENCE)/.installed
	$(REFERENCE)/bin/python -m pytest tests/reference

lint: install-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python docs/build.py --check

clean:
	rm -rf $(VENV) $(REFERENCE) build *.egg-info
