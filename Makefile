# The course's commands. Each does its own set-up; `make help` lists them.

# In the course's conda environment, use that; otherwise make a virtual environment in .venv.
ifeq ($(CONDA_DEFAULT_ENV),fine-tuning-notebooks)
VENV := $(CONDA_PREFIX)
else
VENV := .venv
endif
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell command -v python3.11 || command -v python3)

NOTEBOOKS := $(wildcard notebooks/zh/*.ipynb)
# They train for long and use both cores: `make test` runs them one by one, the others in pairs.
TRAINING := $(filter $(addprefix notebooks/zh/,00_% 07_% 08_% 09_% 11_%),$(NOTEBOOKS))

.DEFAULT_GOAL := help
.PHONY: help setup run test test-processes test-hub bench learning-curve demo test-demo assignments grade test-grading slides plan-slides rise site test-site test-browser pictures lab fetch doctor update sync translated mirror lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "The course needs Python 3.11 and found $$($(PYTHON) --version 2>&1): install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (a few minutes, once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(READY) ## install the pinned packages and the weights (the other commands do it themselves)

run: $(READY) ## execute the notebooks (NB=07: only that one; COURSE_LANG=en: in English) into build/run/, with an HTML page of each
	$(BIN)/python -m course.notebooks.run $(NB)

test: $(READY) ## lint, test the helpers and the data, and compare every notebook's outputs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --durations=5 -n 2 --dist loadfile --ignore=tests/hub --ignore=tests/demo --ignore=tests/grading --ignore=tests/processes --ignore=tests/site --ignore=tests/browser
	@$(BIN)/python -m course.notebooks.answers $(NOTEBOOKS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env $(patsubst notebooks/zh/%,build/compare/%,$(filter-out $(TRAINING),$(NOTEBOOKS)))
	$(BIN)/python -m pytest -q --nbval --nbval-current-env $(patsubst notebooks/zh/%,build/compare/%,$(TRAINING))

test-processes: $(READY) ## start helpers.finetune in one process and in several, stop it, kill it, and go on (QUICK=1: without the slow tests)
	$(BIN)/python -m pytest -q --durations=5 -n 2 --dist loadfile $(if $(QUICK),-m 'not slow') tests/processes

test-hub: $(READY) ## run the notebooks from a Hub on loopback, then from the cache; test what talks to it
	$(BIN)/python -m pytest -q --durations=5 -n 2 --dist loadfile tests/hub

$(VENV)/.bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

bench: $(VENV)/.bench ## measure what makes training fast, side by side, in 10 minutes (FULL=1: every row to the end, an hour or more)
	$(BIN)/python -m benchmarks.speed

learning-curve: $(READY) ## measure accuracy over sizes and seeds into data/learning_curve.json, most of an hour; a stop costs one run
	$(BIN)/python -m benchmarks.learning_curve

# Gradio wants an older Pillow than the course pins: it goes into an environment of its own, which
# sees all other packages of $(VENV).
build/demo/.ready: $(READY)
	@echo "Installing Gradio into build/demo (half a minute, once)"
	@$(BIN)/python -m venv build/demo
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	  $$(build/demo/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth
	@grep -v '^pillow==' constraints.txt > build/demo/constraints.txt
	@build/demo/bin/python -m pip install --quiet --disable-pip-version-check --constraint build/demo/constraints.txt --editable '.[demo]'
	@touch $@

demo: build/demo/.ready ## open a page on this machine that scores what you type with the model of notebook 07 (ARGS="--port 7861")
	@build/demo/bin/python -m course.serve.demo $(ARGS)

test-demo: build/demo/.ready ## test that page: a real server, asked over loopback
	build/demo/bin/python -m pytest -q --durations=5 tests/demo

# nbgrader adds itself to the JupyterLab that it is installed beside: it goes into an environment of
# its own, which sees all packages of $(VENV).
build/nbgrader/.ready: $(READY)
	@echo "Installing nbgrader into build/nbgrader (half a minute, once)"
	@$(BIN)/python -m venv build/nbgrader
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	  $$(build/nbgrader/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth
	@build/nbgrader/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[grade]'
	@touch $@

assignments: build/nbgrader/.ready ## make the exercises for learners, without solutions and hidden tests, in build/assignments
	@build/nbgrader/bin/python -m course.classroom.assignments

grade: build/nbgrader/.ready ## grade a folder of submissions (SUBMISSIONS=folder) into build/grades.csv
	@build/nbgrader/bin/python -m course.classroom.grade "$(SUBMISSIONS)"

test-grading: build/nbgrader/.ready ## test the assignments with nbgrader: solutions, untouched notebooks, every misconception (QUICK=1: without those, only what is made and how a folder is graded)
	build/nbgrader/bin/python -m pytest -q --durations=5 -n 2 $(if $(QUICK),-m 'not slow') tests/grading

$(VENV)/.site: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[site]'
	@touch $@

slides: $(VENV)/.site ## make a deck of slides from each notebook, in both languages, into build/slides/
	@$(BIN)/python -m course.publish.slides

plan-slides: $(READY) ## give the cells that have no slide metadata the usual ones (NB=07: only that notebook)
	$(BIN)/python -m course.publish.slide_plan $(NB)

site: $(VENV)/.site ## make the series into a website with search, in both languages, into build/site/
	@$(BIN)/python -m course.publish.site

test-site: $(VENV)/.site ## test the slides and the website: every link, the search, nothing from elsewhere
	$(BIN)/python -m pytest -q --durations=5 tests/site

# Playwright drives the machine's own Chromium or Chrome, which course.environment.chromium looks for.
$(VENV)/.browser: $(VENV)/.site
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[browser]'
	@touch $@

test-browser: $(VENV)/.browser build/rise/.ready ## open JupyterLab, the slides and the website in a real browser: click, type, look
	@$(BIN)/python -m course.environment.chromium
	$(BIN)/python -m pytest -q --durations=5 -n 2 --dist loadfile tests/browser

pictures: test-browser ## take the pictures of JupyterLab, the slides and the website anew, into docs/images/
	@$(BIN)/python -m course.notebooks.pictures

build/rise/.ready: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target build/rise $$($(BIN)/python -m course.serve.rise --requirements)
	@touch $@

rise: build/rise/.ready ## open JupyterLab with a button that shows a notebook as slides whose code runs (ARGS as for lab)
	$(BIN)/python -m course.serve.rise $(ARGS)

lab: $(READY) ## open JupyterLab on the notebooks (COURSE_LANG=en: in English; ARGS=--no-browser: options of JupyterLab)
	$(BIN)/python -m course.serve.lab $(ARGS)

fetch: $(READY) ## bring what COURSE_SOURCE=hub needs into data/hf, patiently, digests checked
	$(BIN)/python -m course.hub.fetch

# It must also run where the set-up failed.
doctor: ## look at this machine and its source, and say what to do about what is wrong
	@$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) -m course.doctor

update: $(READY) ## execute the notebooks again (NB=07: only that one), store the outputs in both languages, show what changed
	$(BIN)/python -m course.notebooks.update $(NB)
	$(BIN)/python -m course.notebooks.readme_picture
	$(BIN)/python -m course.notebooks.sync $(NB)

sync: $(READY) ## let the English notebooks follow the Chinese ones (NB=07: only that one), and list what is to be translated
	$(BIN)/python -m course.notebooks.sync $(NB)

translated: $(READY) ## record that the English of a notebook (NB=07) was read against today's Chinese
	$(BIN)/python -m course.notebooks.sync --translated $(NB)

build/mirror/.ready: pyproject.toml
	@echo "Installing the mirror into build/mirror (half a minute, once)"
	@$(PYTHON) -m venv build/mirror
	@build/mirror/bin/python -m pip install --quiet --disable-pip-version-check $$(build/mirror/bin/python -m course.hub.mirror --requirements)
	@touch $@

mirror: build/mirror/.ready ## mirror the Hub for a class, port 8090 (ARGS=--offline: from what it has; ARGS=--help)
	@build/mirror/bin/python -m course.hub.mirror $(ARGS)

lock: ## derive environment.yml and constraints.txt from pyproject.toml
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	build/lock/bin/python -m course.environment.lock

clean: ## remove what the commands made (not .venv)
	rm -rf build data/hf .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
