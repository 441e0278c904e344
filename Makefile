PYTHON ?= python

.PHONY: default test lint docs docs-check bench demo help

default: test lint

test: ## all tests; `make test ARGS="-m 'not slow'"` for the quick ones
	$(PYTHON) -m pytest $(ARGS)

lint: ## format, lint and types, checked, not changed
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

docs: ## the site, English and Chinese, into site/; and what is generated in README and docs
	$(PYTHON) docs/generate.py
	$(PYTHON) docs/build.py site

docs-check: ## the docs' examples run, their links lead somewhere, the site builds strictly, nothing has drifted
	$(PYTHON) -m pytest tests/test_docs.py tests/test_site.py

bench: ## every benchmark; `make bench BENCH=norm` for one
	set -e; for file in $(if $(BENCH),benchmarks/$(BENCH).py,benchmarks/*.py); do echo "$$file"; $(PYTHON) $$file; done

demo: ## the template on MNIST under watch
	$(PYTHON) -m headstart demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12
