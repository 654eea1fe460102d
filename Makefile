# Two commands do all the set-up on a fresh machine with Python 3.11-3.13:  make search  and  make test.
# Each prints the commands it runs, so nobody needs make.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.installed
# Commands that tests start would otherwise compile the package each time.
export PYTHONDONTWRITEBYTECODE =

.PHONY: search test test-slow lint docs bench clean

search: $(READY)  ## the default search on embedded real data, in minutes; ARGS="..." adds overrides
	$(BIN)/python run.py name=quickstart $(ARGS)

test: $(READY)  ## the fast test suite
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

test-slow: $(READY)  ## the tests that take longer
	$(BIN)/python -m pytest -m "slow and not alone" -n 2 --dist worksteal; shared=$$?; \
		$(BIN)/python -m pytest -m "slow and alone" && exit $$shared

bench: $(READY)  ## every benchmark, one after the other: about a quarter of an hour on 2 idle cores
	$(BIN)/python experiments/benchmarks/commands.py
	$(BIN)/python experiments/benchmarks/overhead.py
	$(BIN)/python experiments/benchmarks/quickstart_throughput.py --cells 7
	$(BIN)/python experiments/benchmarks/child_breakdown.py --repeats 2
	$(BIN)/python experiments/benchmarks/repeated_trainings.py --rounds 2
	$(BIN)/python experiments/benchmarks/child_operations.py
	$(BIN)/python experiments/benchmarks/expansion.py
	$(BIN)/python experiments/benchmarks/rank_intervals.py
	$(BIN)/python experiments/benchmarks/scoring.py --repeats 3
	$(BIN)/python experiments/benchmarks/gp_scoring.py --repeats 3
	$(BIN)/python experiments/benchmarks/asynchronous_searches.py idle --workers 256 --kinds evolution random --children 2560
	$(BIN)/python experiments/benchmarks/scale_simulation.py
	$(BIN)/python experiments/benchmarks/long_searches.py
	$(BIN)/python experiments/benchmarks/paper_child.py
	$(BIN)/python experiments/benchmarks/jax_agreement.py $(if $(JAX_PYTHON),--python $(JAX_PYTHON))

lint: $(READY)  ## style, types, and the layers of docs/architecture.md
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)  ## the documentation as web pages, in build/site; fails on a broken link
	$(BIN)/python experiments/config_reference.py docs/reference.md
	$(BIN)/mkdocs build --strict --quiet

$(READY): pyproject.toml
	$(if $(PYTHON),,$(error pnas needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.12))
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(READY)

clean:  ## remove the environment and caches, keep outputs/
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build *.egg-info
