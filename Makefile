# An alias: `make lab` is `python -m course lab`; `make` alone lists the commands.
# NB=07 names a notebook, SUBMISSIONS=folder what is graded, QUICK=1 leaves out what takes minutes,
# and ARGS holds any other options.

PYTHON ?= $(shell command -v python3.11 || command -v python3)

.DEFAULT_GOAL := help
.PHONY: help
help:
	@$(PYTHON) -m course

.DEFAULT:
	@$(PYTHON) -m course $@ $(NB) $(SUBMISSIONS) $(if $(QUICK),--quick) $(if $(FULL),--full) $(ARGS)
