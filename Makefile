# make demo    sets everything up, trains a recogniser and shows the result
# make test    sets everything up and runs the tests
# make test-all    the same with the tests that take minutes, and more inputs for the fuzzers
# make demo DATA=path/to/all_sqe.zip    the same with the real N-UCLA clips
# make demo VIDEO=clip.mp4              from a video with people in it to a labelled video
# make demo VIDEO=clip.mp4 MODELS='--det-config ... --det-weights ... --pose-config ... --pose-weights ...'
#                                       the same without a download, with pose models that lie here
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV ?= .venv
BIN = $(VENV)/bin
DATA ?=
VIDEO ?=
MODELS ?=
# a process per core, of one thread each
PYTEST_ARGS ?= --numprocesses auto --maxprocesses 4

FUZZ_INPUTS ?= 2000

.PHONY: env demo test test-all lint clean

env: $(VENV)/.ready

$(VENV)/.ready: setup.py requirements.txt mmskel/compat/openmmlab.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps --requirement mmskel/compat/openmmlab.txt
	touch $@

demo: env
	$(BIN)/mmskel demo $(if $(DATA),--data $(DATA)) $(if $(VIDEO),--video $(VIDEO)) $(MODELS)

test: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

test-all: env
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS) -m "long or not long" --fuzz-inputs $(FUZZ_INPUTS)

lint: env
	$(BIN)/ruff check mmskel configs tools tests setup.py

clean:
	rm -rf $(VENV) build dist *.egg-info mmskel/.mim work_dirs demo_report
