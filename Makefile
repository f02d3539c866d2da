# make demo: see it work.  make test: everything that CI checks.  Each does its own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin
# Where a full ROS 2 is sourced, the interfaces built into .venv must be found as well.
OVERLAY := $(if $(ROS_DISTRO),. .venv/local_setup.sh &&)

.PHONY: demo setup test coverage lint format clean

demo:
	@$(PYTHON) scripts/bootstrap.py run
	@$(OVERLAY) $(BIN)/sport demo

setup:
	@$(PYTHON) scripts/bootstrap.py lab
	@echo "ready: $(BIN)/sport --help"

lint:
	@$(PYTHON) scripts/bootstrap.py dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(OVERLAY) $(BIN)/python -m pytest -q -n 2 --dist loadfile --durations 15

# Apart from `test`: tracing every line takes a minute more.
coverage: lint
	$(OVERLAY) $(BIN)/python -m pytest -q -n 2 --dist loadfile --cov --cov-report=term:skip-covered

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build install log output
