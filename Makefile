# Demand Monitor: the few commands a developer needs. `make help` lists them.
#
# PYTHON  the interpreter of a new environment (default: the first of python3.13, 3.12, 3.11, python3 that will do)
# VENV    where the environment lives (default: .venv)
# ARGS    further arguments of `demand-monitor demo` or of pytest

VENV ?= .venv
ARGS ?=
export PYTHON
# Without byte code each of the many processes of the tests and the demo would compile its packages anew: 2.5 s each.
unexport PYTHONDONTWRITEBYTECODE

EXPORT = uv export --quiet --frozen --no-emit-project --no-annotate --no-header
BIN = $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint format lock environment clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
		|| grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST)

demo: ## Play the seeded synthetic market: alerts as they fire, then a scorecard
	@requirements/install.sh $(VENV) demo
	@$(BIN)/demand-monitor demo $(ARGS)

environment: ## Make the developer's environment in VENV
	@requirements/install.sh $(VENV) dev

test: environment ## Run every test (a real Kafka and Redis where they can be had)
	$(BIN)/python -m pytest $(ARGS)

soak: environment ## Every fault at full counts, the whole year of UCI, 20 seeds; the record goes to docs/benchmarks.md
	DEMAND_SOAK=1 DEMAND_SOAK_RECORD=$${DEMAND_SOAK_RECORD-docs/benchmarks.md} $(BIN)/python -m pytest \
		tests/broker/faults tests/broker/test_main_job.py tests/laws/test_twenty_seeds.py $(ARGS)

lint: environment ## Style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: environment ## Let ruff rewrite the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve the dependencies anew and write the locks with hashes (wants uv)
	uv lock --quiet --upgrade
	$(EXPORT) -o requirements/app.txt
	$(EXPORT) --extra demo -o requirements/demo.txt
	$(EXPORT) --extra evaluation -o requirements/evaluation.txt
	$(EXPORT) --extra demo --extra test --extra lint -o requirements/dev.txt

clean: ## Remove environments, caches and build products
	rm -rf $(VENV) $(VENV)-tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
