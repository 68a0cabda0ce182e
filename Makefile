# Two commands do all the set-up: `make demo` and `make test`. Each is safe to repeat.
PYTHON ?= python3
VENV := .venv
REFERENCE := .venv-reference
LOWEST := .venv-lowest
BIN := $(VENV)/bin
PIP_FLAGS ?=
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)
# Processes of `make test`; each computes on one thread.
WORKERS ?= 2
export OMP_WAIT_POLICY ?= passive

# Whose last digits depend on the instruction set and the number of threads.
NUMERICAL := tests/metrics/backbones tests/methods/gaussians tests/methods/ua3dtalk/field \
  tests/methods/ua3dtalk/official
NATIVE := tests/methods/gaussians tests/methods/ua3dtalk/field
# What shows that the oldest allowed packages work: no test of these needs an extra.
SMOKE := tests/harness/cli/test_entry.py tests/harness/test_weights_cli.py tests/harness/fetch \
  tests/harness/media/test_video.py tests/harness/media/test_audio.py \
  tests/harness/media/test_lossy.py tests/harness/media/test_mesh.py tests/harness/contracts \
  tests/harness/engine/alignment/test_score.py tests/methods/baselines \
  tests/splits/test_catalog.py tests/reports/test_tables.py tests/metrics/test_psnr.py \
  tests/metrics/test_ssim.py

.PHONY: install install-test install-reference install-lowest python demo test test-isa test-lowest test-reference lint types wheel clean

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test
install-reference: $(REFERENCE)/.installed
install-lowest: $(LOWEST)/.installed

# Asked before anything is installed: pip would try for minutes and then name another reason.
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo absent), and Python 3.11 or newer is needed: make PYTHON=python3.11" >&2; exit 2; }

# The install is redone when what it was made from changes.
$(VENV)/.installed: pyproject.toml setup.py constraints.txt | python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python $(PIP_INSTALL) -c constraints.txt -e ".[test,video,emotion,dlib,dev]"
	touch $@

demo: install
	$(BIN)/python -m harness run --method ua3dtalk

test: install-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

# The numerical tests once more on the slowest instruction sets with one thread, and the native
# core on every instruction set below the one that `make test` used.
test-isa: install-test
	ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 OMP_NUM_THREADS=1 \
	  $(BIN)/python -m pytest -n $(WORKERS) $(NUMERICAL)
	for isa in $$($(BIN)/python -c 'from methods.gaussians.native import library; \
	    print(*library.supported_isas()[1:])'); do \
	  HARNESS_NATIVE_ISA=$$isa OMP_NUM_THREADS=1 \
	    $(BIN)/python -m pytest -n $(WORKERS) $(NATIVE) || exit 1; \
	done

# The lower bounds of pyproject.toml, all at once (see .ci/lowest.py for torch).
$(LOWEST)/.installed: pyproject.toml constraints.txt .ci/lowest.py | python
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) .ci/lowest.py > $(LOWEST)/requirements.txt
	$(LOWEST)/bin/python $(PIP_INSTALL) -r $(LOWEST)/requirements.txt
	touch $@

test-lowest: $(LOWEST)/.installed
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -n $(WORKERS) -W ignore -m "not shared" $(SMOKE)

# The packages that define the metrics, as oracles; they need torchvision, so they live apart.
$(REFERENCE)/.installed: requirements-reference.txt | python
	$(PYTHON) -m venv $(REFERENCE)
	$(REFERENCE)/bin/python $(PIP_INSTALL) --no-deps -r requirements-reference.txt
	touch $@

test-reference: $(REFERENCE)/.installed
	$(REFERENCE)/bin/python -m pytest tests/reference

lint: install-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python docs/build.py --check
	$(BIN)/python docs/measured.py --check
	$(MAKE) types

types: install-test
	$(BIN)/mypy

wheel: install
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps -w dist .

clean:
	rm -rf $(VENV) $(REFERENCE) $(LOWEST) build dist *.egg-info
