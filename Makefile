# make demo [ARGS=--once]   everything on this machine; Ctrl-C ends it
# make test [ARGS=...]      install what the tests need, run all of them on all cores
# make check                lint, types, import arrows
# make requirements         the manual's rows against the tests that show them
.PHONY: demo test check requirements lock

demo:
	@scripts/setup
	@exec .venv/bin/python -m aiseg demo $(ARGS)

test:
	@scripts/setup dev
	@scripts/setup-services
	.venv/bin/python -m pytest -n auto $(ARGS)

check:
	@scripts/setup dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

requirements:
	@scripts/setup dev
	@scripts/setup-services
	.venv/bin/python -m pytest -n auto -q --requirements $(ARGS)

lock:
	scripts/lock
