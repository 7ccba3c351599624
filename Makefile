# Raw Korean text to models that somebody else can serve. `make` alone explains itself.

# ---- what you may set: make train-sentiment NAME=small SETTINGS="--units 64 --epochs 3"
# NAME, VERSION and PORT mean something else in many environments, so only make's own count.
CORPUS    ?=
EVAL      ?=
DIRECTION ?= ko-en
NAME       = default
VERSION    = 1
SETTINGS  ?=
TEXT      ?=
FILE      ?=
PROMPT    ?=
LENGTH     = 200
TEMPERATURE = 0.8
SEED       = 1
QUICK     ?=
PORT       = 6006

# The other direction has a run and a version of its own, so that both translators can be asked.
ifneq ($(filter translate %-translation,$(MAKECMDGOALS)),)
  ifeq ($(DIRECTION),en-ko)
    NAME    = en-ko
    VERSION = 2
  else ifneq ($(DIRECTION),ko-en)
    $(error DIRECTION is ko-en or en-ko, not "$(DIRECTION)")
  endif
endif

PYTHON3  ?= python3
VENV     := .venv
PYTHON   := $(VENV)/bin/python
PIPELINE := $(PYTHON) -m pipeline
TASKS    := $(patsubst pipeline/tasks/%/__init__.py,%,$(wildcard pipeline/tasks/*/__init__.py))
# One shell word, whatever stands in it; nothing in it is a variable of make.
quoted    = '$(subst ','\'',$(value $(1)))'
# Of the task $(1).
ARGUMENTS = --name $(call quoted,NAME) --version $(call quoted,VERSION) \
  $(if $(value CORPUS),--corpus $(call quoted,CORPUS)) \
  $(if $(filter translation,$(1)),--direction $(call quoted,DIRECTION)) $(value SETTINGS)
# What is not for the recipes: exporting it would evaluate a $(...) in it.
unexport CORPUS EVAL DIRECTION NAME VERSION SETTINGS TEXT FILE PORT
unexport PROMPT LENGTH TEMPERATURE SEED QUICK

ifneq ($(words $(NAME) x $(VERSION)),3)
  $(error NAME and VERSION are folders: one word each, not "$(NAME)" and "$(VERSION)")
endif

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
	@echo "All settings of a task: make settings-sentiment (-ner, -translation, -charlm)"
	@echo "English to Korean: make translate DIRECTION=en-ko (run en-ko, version 2; both can be asked)"
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
	@printf '%s\n' $$(call ARGUMENTS,$(1)) | cmp -s - $$@ || \
	  printf '%s\n' $$(call ARGUMENTS,$(1)) > $$@

# Asked each time: which files a corpus is read from, and whether they changed, Python knows. Where
# nothing changed it leaves corpus.json as it is, and make goes on with nothing.
runs/$(1)/$(NAME)/corpus.json: FORCE | $(VENV)/.ready
	@$(PIPELINE) corpus $(1) $$(call ARGUMENTS,$(1))

runs/$(1)/$(NAME)/prepared.json: runs/$(1)/$(NAME)/corpus.json runs/$(1)/$(NAME)/.asked
	@$(PIPELINE) prepare $(1) $$(call ARGUMENTS,$(1))

runs/$(1)/$(NAME)/training.json: runs/$(1)/$(NAME)/prepared.json
	@$(PIPELINE) train $(1) $$(call ARGUMENTS,$(1))

runs/$(1)/$(NAME)/metrics.json: runs/$(1)/$(NAME)/training.json
	@$(PIPELINE) evaluate $(1) $$(call ARGUMENTS,$(1))

# Which run a version was made of: another run under the same VERSION makes it again.
runs/$(1)/.version-$(VERSION): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' $$(call quoted,NAME) | cmp -s - $$@ || printf '%s\n' $$(call quoted,NAME) > $$@

saved_models/$(1)/$(VERSION)/saved_model.pb: runs/$(1)/$(NAME)/metrics.json runs/$(1)/.version-$(VERSION)
	@$(PIPELINE) export $(1) $$(call ARGUMENTS,$(1))

.PHONY: train-$(1) evaluate-$(1) settings-$(1)
train-$(1): saved_models/$(1)/$(VERSION)/saved_model.pb
	@echo "report:  runs/$(1)/$(NAME)/report.html"
	@echo "model:   saved_models/$(1)/$(VERSION)"
evaluate-$(1): runs/$(1)/$(NAME)/metrics.json
	$$(if $$(value EVAL),@$(PIPELINE) evaluate $(1) $$(call ARGUMENTS,$(1)) --on $$(call quoted,EVAL))
	@echo "report:  runs/$(1)/$(NAME)/$$(if $$(value EVAL),elsewhere/,report.html)"
settings-$(1): $(VENV)/.ready
	@$(PIPELINE) train $(1) --help
endef
$(foreach task,$(TASKS),$(eval $(call TASK_template,$(task))))

.PHONY: FORCE
FORCE:

# ---- what people type (the lines with ## are the help page)
train-sentiment:  ## reviews to a served sentiment model, with report
train-ner:  ## sentences to a served finder of named entities, with report
train-translation:  ## sentence pairs to a served translator, with report
train-charlm:  ## running text to a served model that writes more of it, with report
evaluate-ner:  ## the trained finder of names on a corpus made by others: EVAL=klue
evaluate-translation:  ## the trained translator on other pairs: EVAL=news or EVAL=pairs.tsv

# TEXT goes through the environment, where line ends, quotes, $ and backticks stay what they are.
.PHONY: predict tag translate
TEXT_GIVEN := $(filter-out file undefined,$(origin TEXT))
predict tag translate: export ASKED_TEXT := $(value TEXT)
predict: TASK := sentiment
tag: TASK := ner
translate: TASK := translation
predict: $(VENV)/.ready  ## ask the sentiment model: TEXT="..." or FILE=texts.txt
	$(ASK)
tag: $(VENV)/.ready  ## mark the named entities: TEXT="..." or FILE=sentences.txt
	$(ASK)
# Asked something it answers; asked nothing it trains first, if need be, and shows an example.
ASKED := $(or $(TEXT_GIVEN),$(value FILE))
TRANSLATOR := saved_models/translation/$(VERSION)/saved_model.pb
translate: $(if $(ASKED),$(VENV)/.ready,$(TRANSLATOR))  ## translate: TEXT="..." or FILE=lines.txt; with neither it trains first, if need be
	$(if $(ASKED),$(ASK),@$(PIPELINE) predict translation --version $(call quoted,VERSION) --example)
ASK = @$(PIPELINE) predict $(TASK) --version $(call quoted,VERSION) \
  $(if $(value FILE),--file $(call quoted,FILE)) $(if $(TEXT_GIVEN),--text "$$ASKED_TEXT")

# Without a model it trains one first.
GENERATOR := saved_models/charlm/$(VERSION)/saved_model.pb
PROMPT_GIVEN := $(filter-out file undefined,$(origin PROMPT))
.PHONY: generate
generate: export ASKED_TEXT := $(value PROMPT)
generate: $(if $(wildcard $(GENERATOR)),$(VENV)/.ready,$(GENERATOR))  ## go on with a text: PROMPT="..." LENGTH=200 TEMPERATURE=0.8 SEED=1
	@$(PIPELINE) predict charlm --version $(call quoted,VERSION) --length $(call quoted,LENGTH) \
	  --temperature $(call quoted,TEMPERATURE) --seed $(call quoted,SEED) \
	  $(if $(value FILE),--file $(call quoted,FILE),$(if $(PROMPT_GIVEN),--text "$$ASKED_TEXT",--example))

# ---- studies: pages that explain, with what they measured
STUDY = @$(PIPELINE) study $(1) --name $(call quoted,NAME) --seed $(call quoted,SEED) \
  $(if $(filter-out 0,$(value QUICK)),--quick)
.PHONY: study-gradients study-units
study-gradients: $(VENV)/.ready  ## why gradients vanish and explode: pages, measured here (QUICK=1)
	$(call STUDY,gradients) $(if $(value CORPUS),--corpus $(call quoted,CORPUS))
# A model that is there is looked into as it is; without one it trains one first.
CHARLM := runs/charlm/$(NAME)/training.json
study-units: $(if $(wildcard $(CHARLM)),$(VENV)/.ready,$(CHARLM))  ## what single units of the character model know: pages (QUICK=1)
	$(call STUDY,units)

.PHONY: compare-tokenizers compare-translators
compare-tokenizers: $(VENV)/.ready  ## the same small model over every tokenizer, one table
	@$(PYTHON) -m benchmarks.compare_tokenizers \
	  $(if $(value CORPUS),--corpus $(call quoted,CORPUS)) $(value SETTINGS)
compare-translators: $(VENV)/.ready-dev  ## encoder-decoder, attention, Transformer: one table, a page
	@$(PYTHON) -m benchmarks.compare_translators \
	  $(if $(value CORPUS),--corpus $(call quoted,CORPUS)) \
	  $(if $(filter-out ko-en,$(DIRECTION)),--direction $(call quoted,DIRECTION)) $(value SETTINGS)

.PHONY: tensorboard
tensorboard: $(VENV)/.ready  ## open the training logs (PORT=6006)
	@$(PYTHON) -m pipeline.training.tensorboard_server --logdir runs --port $(PORT) --samples_per_plugin text=1000

.PHONY: test
test: $(VENV)/.ready-dev  ## linter, type checker and tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -n 2 --dist loadfile

.PHONY: clean
clean:  ## remove derived data and runs, keep downloads and saved models
	rm -rf data/processed runs
