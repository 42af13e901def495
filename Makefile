# make setup    .venv with the project in it
# make run      Staydown on 127.0.0.1:8000 and Plaza, a sample host, on 127.0.0.1:8001
# make test     everything CI runs
# make check    the same without the browser, for quick rounds
# make postgresql  all tests of the server on PostgreSQL; "make test" runs those that differ
# make bench    the benchmarks
# make fuzz     damaged pictures and films for a minute: each a hash or a named error (SECONDS, COUNT)
# make faults   each fault ROUNDS (10) times on both databases: acknowledged, lost
# make messages compile the French catalogue after a change
.PHONY: setup run test check postgresql lint bench faults fuzz messages lock clean
.DELETE_ON_ERROR:

SOURCES := $(shell find src frontend tools/frontend.sh -type f ! -name '*.pyc' ! -path '*/node_modules/*' ! -path '*/built/*')
PYTEST := .venv/bin/python -m pytest
# On several cores, a file of tests on one of them.
SIDE_BY_SIDE := $(PYTEST) -n auto --maxprocesses 4 --dist loadfile
# Where databases differ: turns, numbers, claims, sealed values, zero bytes.
DIFFERENT := $(addprefix tests/server/,accounts audit cases catalogue gate jobs project/test_doctor.py \
	project/test_zeros.py review sharing vault)

setup: .venv/.installed

.venv/.installed: pyproject.toml requirements.lock tools/setup.sh $(SOURCES)
	@tools/setup.sh
	@touch $@

run: setup
	@.venv/bin/python examples/plaza/run.py

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@tools/frontend.sh check

check: lint
	@tools/debian-packages.sh "pg_ctlcluster=postgresql"
	$(SIDE_BY_SIDE) tests/library tests/server
	$(PYTEST) -m "not browser" tests/hasher tests/plaza tests/story

test: lint
	@tools/debian-packages.sh "chromium=chromium fonts-dejavu-core" "pg_ctlcluster=postgresql"
	$(SIDE_BY_SIDE) tests/library tests/server
	TEST_DATABASE=postgresql $(SIDE_BY_SIDE) $(DIFFERENT)
	$(PYTEST) tests/hasher tests/plaza tests/story

postgresql: setup
	@tools/debian-packages.sh "pg_ctlcluster=postgresql"
	TEST_DATABASE=postgresql $(SIDE_BY_SIDE) tests/server

bench: setup
	.venv/bin/python -m benchmarks

faults: setup
	@tools/debian-packages.sh "pg_ctlcluster=postgresql" >&2
	@PYTHONPATH=tests:tests/story .venv/bin/python -m faults --rounds $(or $(ROUNDS),10)

fuzz: setup
	PYTHONPATH=tests .venv/bin/python -m library.media.fuzz --seconds $(or $(SECONDS),60) --count $(or $(COUNT),1000000)

messages: setup
	.venv/bin/python tools/messages.py

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-header --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build dist artefacts .mypy_cache .ruff_cache .pytest_cache
