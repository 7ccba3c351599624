# Raw Korean text to models that somebody else can serve. `make` alone explains itself.

# ---- what you may set: make train-sentiment NAME=small SETTINGS="--units 64 --epochs 3"
CORPUS   ?=
NAME     ?= default
VERSION  ?= 1
SETTINGS ?=
TEXT     ?=
FILE     ?=
PORT     ?= 6006

PYTHON3  ?= python3
VENV     := .venv
PYTHON   := $(VENV)/bin/python
PIPELINE := $(PYTHON) -m pipeline
TASKS    := $(filter-out base __init__,$(basename $(notdir $(wildcard pipeline/tasks/*.py))))
ARGUMENTS = --name $(NAME) --version $(VERSION) $(if $(CORPUS),--corpus '$(CORPUS)') $(SETTINGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help:  ## this page
	@echo "Korean text to served models. Common commands:"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{printf "  make %-20s %s\n", $$1, $$2}'
	@echo
	@echo "Settings: CORPUS=my.tsv NAME=run VERSION=1 SETTINGS=\"--units 64 --epochs 3\""
	@echo "All settings of a task: make settings-sentiment"
	@echo "No network? CORPUS_MIRROR=folder; with neither, a small bundled corpus stands in."

# ---- the environment: made once, made again when the pins change
$(VENV)/.ready: requirements.txt
	@$(PYTHON3) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; set PYTHON3=python3.11")'
	$(PYTHON3) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready  ## create .venv with the pinned requirements

# ---- the stages of a task, as files in the folder of its run. What was asked for stands in
# .asked, which changes only when it does; each stage then decides whether that concerns it.
define TASK_template
runs/$(1)/$(NAME)/.asked: FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(subst ','\'',$(ARGUMENTS))' '$(CORPUS_MIRROR)' | cmp -s - $$@ || \
	  printf '%s\n' '$(subst ','\'',$(ARGUMENTS))' '$(CORPUS_MIRROR)' > $$@

runs/$(1)/$(NAME)/corpus.json: runs/$(1)/$(NAME)/.asked $(wildcard $(CORPUS)) | $(VENV)/.ready
	@$(PIPELINE) corpus $(1) $(ARGUMENTS)

runs/$(1)/$(NAME)/tokens.json: runs/$(1)/$(NAME)/corpus.json runs/$(1)/$(NAME)/.asked
	@$(PIPELINE) tokenize $(1) $(ARGUMENTS)

runs/$(1)/$(NAME)/training.json: runs/$(1)/$(NAME)/tokens.json
	@$(PIPELINE) train $(1) $(ARGUMENTS)

runs/$(1)/$(NAME)/metrics.json: runs/$(1)/$(NAME)/training.json
	@$(PIPELINE) evaluate $(1) $(ARGUMENTS)

saved_models/$(1)/$(VERSION)/saved_model.pb: runs/$(1)/$(NAME)/metrics.json
	@$(PIPELINE) export $(1) $(ARGUMENTS)

.PHONY: train-$(1) evaluate-$(1) settings-$(1)
train-$(1): saved_models/$(1)/$(VERSION)/saved_model.pb
	@echo "report:  runs/$(1)/$(NAME)/report.html"
	@echo "model:   saved_models/$(1)/$(VERSION)"
evaluate-$(1): runs/$(1)/$(NAME)/metrics.json
settings-$(1): $(VENV)/.ready
	@$(PIPELINE) train $(1) --help
endef
$(foreach task,$(TASKS),$(eval $(call TASK_template,$(task))))

.PHONY: FORCE
FORCE:

# ---- what people type (the lines with ## are the help page)
.PHONY: train-sentiment-help
train-sentiment:  ## reviews to a served sentiment model, with report
.PHONY: predict
predict: $(VENV)/.ready  ## ask the model: TEXT="..." or FILE=texts.txt
	@$(PIPELINE) predict sentiment --version $(VERSION) $(if $(FILE),--file '$(FILE)',--text '$(subst ','\'',$(TEXT))')

.PHONY: compare-tokenizers
compare-tokenizers: $(VENV)/.ready  ## the same small model over every tokenizer, one table
	@$(PYTHON) -m benchmarks.compare_tokenizers $(if $(CORPUS),--corpus '$(CORPUS)') $(SETTINGS)

.PHONY: tensorboard
tensorboard: $(VENV)/.ready  ## open the training logs (PORT=6006)
	@$(PYTHON) -m tensorboard.main --logdir runs --port $(PORT)

.PHONY: test
test: $(VENV)/.ready-dev  ## the tests and the linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) -m pytest

.PHONY: clean
clean:  ## remove derived data and runs, keep downloads and saved models
	rm -rf data/processed runs
