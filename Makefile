# Raw Korean text to models that somebody else can serve. `make` alone explains itself.

# ---- variables: make train-sentiment NAME=small SETTINGS="--epochs 3 --seed 2"
# Only what is typed behind make counts: many environments set NAME, PROMPT or TEXT to something of
# their own. No name of a user is ever a target, so nothing in it means anything to make.
CORPUS      =
EVAL        =
ENCODER     =
TEACHERS    =
UNLABELLED  =
DIRECTION   = ko-en
NAME        = default
VERSION     = 1
SETTINGS    =
TEXT        =
FILE        =
OUT         =
TASK        = sentiment
INPUT       =
OUTPUT      =
PROBABILITIES =
PROMPT      =
LENGTH      =
TEMPERATURE =
SEED        = 1
LANGUAGE    =
QUICK       =
MODELS      =
PORT        = 6006
VARIABLES  := CORPUS EVAL ENCODER TEACHERS UNLABELLED DIRECTION NAME VERSION SETTINGS TEXT FILE OUT \
  TASK INPUT OUTPUT PROBABILITIES PROMPT LENGTH TEMPERATURE SEED LANGUAGE QUICK MODELS PORT

# Each goes to Python through the environment of its shell, where line ends, quotes, $ and backticks
# stay what they are. Under its own name make would expand it first.
unexport $(VARIABLES)
$(foreach name,$(VARIABLES),$(eval export ASKED_$(name) := $$(value $(name))))
# Whether a variable was typed; an option of Python for it: $(call given,--corpus,CORPUS)
typed = $(filter-out file undefined,$(origin $(1)))
given = $(if $(value $(2)),$(1)="$$ASKED_$(2)")

PYTHON3  ?= python3
VENV     := .venv
PYTHON   := $(VENV)/bin/python
PIPELINE := $(PYTHON) -m pipeline
TASKS    := $(patsubst pipeline/tasks/%/__init__.py,%,$(wildcard pipeline/tasks/*/__init__.py))
# Whether the task $(2) has the group of settings $(1): StartSettings if its models may start from a
# pretrained encoder, TeacherSettings if they may learn from other runs.
has      = $(shell grep -l '$(1)' pipeline/tasks/$(2)/settings.py 2>/dev/null)
STAGES   := corpus prepare train evaluate export

# The other direction has a run and a version of its own, so that both translators can be used.
ifeq ($(value DIRECTION),en-ko)
  TURNED := en-ko
else ifneq ($(value DIRECTION),ko-en)
  WRONG_DIRECTION := DIRECTION is ko-en or en-ko, not "$(value DIRECTION)"
endif
turned  = $(if $(filter translation,$(1)),$(if $(WRONG_DIRECTION),$(error $(WRONG_DIRECTION)))$(TURNED))
# Options for the task $(1): name of the run, version of the exported model, all together.
NAMED   = --name=$(if $(call typed,NAME),"$$ASKED_NAME",$(or $(call turned,$(1)),$(USUAL_NAME)))
USUAL_NAME = default
NUMBER  = --version=$(if $(call typed,VERSION),"$$ASKED_VERSION",$(if $(call turned,$(1)),2,1))
SOURCE  = $(call given,--corpus,CORPUS) \
  $(if $(value ENCODER),$(if $(call has,StartSettings,$(1)),$(call given,--encoder,ENCODER))) \
  $(if $(and $(filter translation,$(1)),$(call typed,DIRECTION)),--direction="$$ASKED_DIRECTION")
ALL     = $(call NAMED,$(1)) $(call NUMBER,$(1)) $(SOURCE) $(TAUGHT) $(call given,--settings,SETTINGS)
TAUGHT  =
# The stages $(2) of the task $(1), one after the other. What is up to date each of them sees by
# itself, by the content of files.
run     = { $(foreach stage,$(2),$(PIPELINE) $(stage) $(1) $(call ALL,$(1)) &&) true; }

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help:  ## print this help
	@echo "Korean text, pictures, frames and series to served models. Common commands:"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{printf "  make %-20s %s\n", $$1, $$2}'
	@echo
	@echo "Settings: CORPUS=my.tsv NAME=run VERSION=1 SETTINGS=\"--epochs 3 --seed 2\""
	@echo "Every task has the targets train-TASK, evaluate-TASK, export-TASK, predict-TASK and settings-TASK"
	@echo "(all its settings). TASK is $(TASKS)"
	@echo "A pretrained encoder to start from: ENCODER=bundled, none, a run of make pretrain, a folder"
	@echo "English to Korean: make translate DIRECTION=en-ko (run en-ko, version 2; both can be asked)"
	@echo "Several processes, on JAX: PROCESSES=2 make train-sentiment"
	@echo "No network? CORPUS_MIRROR=folder; with neither, a small bundled corpus stands in."

# ---- the environment: made once, made again when the pins change
# A .venv that is a link belongs to somebody else: it is used as it is, and nothing is installed.
LINK      := $(shell test -L $(VENV) && echo linked-venv)
READY     := $(or $(LINK),$(VENV)/.ready)
READY_DEV := $(or $(LINK),$(VENV)/.ready-dev)
READY_SCALE := $(or $(LINK),$(VENV)/.ready-scale)

$(VENV)/.ready: requirements.txt
	@$(PYTHON3) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; set PYTHON3=python3.11")'
	$(PYTHON3) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# All pins together, since apache-beam takes an older protobuf than TensorFlow alone would.
$(VENV)/.ready-scale: requirements-scale.txt $(VENV)/.ready
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-scale.txt
	@touch $@

.PHONY: linked-venv
linked-venv:
	@test -x $(PYTHON) || { echo "error: $(VENV) is a link, and there is no $(PYTHON) — remove the link: rm $(VENV)" >&2; exit 2; }

.PHONY: setup
setup: $(READY)  ## create .venv with the pinned requirements

# ---- the stages of a task
define TASK_template
.PHONY: train-$(1) export-$(1) evaluate-$(1) predict-$(1) distill-$(1) settings-$(1)
train-$(1): $(READY)
	@$$(call run,$(1),$(STAGES))
# Options of the export alone, such as --onnx, stand in SETTINGS.
export-$(1): $(READY)
	@$$(call run,$(1),export)
# A finished run is evaluated with its own settings; CORPUS only appears in the hint how to train one.
evaluate-$(1): $(READY)
	@$$(if $$(value SETTINGS),echo "SETTINGS plays no part: a run is measured as it was trained" >&2;) \
	  $(PIPELINE) evaluate $(1) $$(call NAMED,$(1)) $$(call NUMBER,$(1)) $$(call SOURCE,$(1)) \
	  $$(call given,--on,EVAL)
predict-$(1): $(READY)
	@$$(call ASK,$(1)) $$(QUESTION)
# The student has a run of its own, since the runs of its teachers must stay.
distill-$(1): USUAL_NAME = student
distill-$(1): TAUGHT = $$(TEACHING)
distill-$(1): $(READY)
	@$$(call DISTILL,$(1))
settings-$(1): $(READY)
	@$(PIPELINE) train $(1) --help
endef
$(foreach task,$(TASKS),$(eval $(call TASK_template,$(task))))

# ---- what people type (the lines with ## are the help page)
train-sentiment:  ## reviews to a served sentiment model, with report
train-ner:  ## sentences to a served tagger of named entities, with report
train-translation:  ## sentence pairs to a served translator, with report
train-charlm:  ## running text to a served character language model, with report
train-captioning:  ## pictures with captions to a served captioner, with report
train-frames:  ## videos, as tables or with pictures, to a served model that labels each frame
train-forecasting:  ## numbers over time to a served forecaster, with report: CORPUS=prices.csv
.PHONY: pretrain
pretrain: $(READY)  ## raw texts to a pretrained encoder: CORPUS=texts.txt.xz NAME=mine
	@$(call run,encoder,$(STAGES))
TEACHING = --teachers="$$ASKED_TEACHERS" $(call given,--unlabelled,UNLABELLED)
DISTILL = $(if $(call has,TeacherSettings,$(1)),,$(error $(1) cannot learn from other runs))$(if \
  $(value TEACHERS),,$(error give the finished runs that teach: \
  make $@ TEACHERS=run1,run2 UNLABELLED=texts.txt.xz NAME=student))$(call run,$(1),$(STAGES))
.PHONY: distill
distill: USUAL_NAME = student
distill: TAUGHT = $(TEACHING)
distill: $(READY)  ## distil runs of sentiment into one: TEACHERS=run1,run2 UNLABELLED=texts.txt.xz NAME=student
	@$(call DISTILL,sentiment)
distill-ner:  ## distil runs of ner into one: TEACHERS=run1,run2 UNLABELLED=texts.txt.xz
evaluate-ner:  ## evaluate the trained tagger on another corpus: EVAL=klue
evaluate-translation:  ## evaluate the trained translator on other pairs: EVAL=news or EVAL=pairs.tsv

# PROMPT and TEXT are two names of one thing.
QUESTION = $(call given,--file,FILE) $(call given,--out,OUT) $(if $(and $(call typed,PROMPT),$(call typed,TEXT)),\
  $(error PROMPT and TEXT mean the same: give one of them),\
  $(foreach name,PROMPT TEXT,$(if $(call typed,$(name)),--text="$$ASKED_$(name)")))
# What a task cannot be asked, Python refuses.
ASK = $(PIPELINE) predict $(1) $(call NUMBER,$(1)) $(call given,--probabilities,PROBABILITIES) \
  $(call given,--language,LANGUAGE) $(call given,--length,LENGTH) \
  $(call given,--temperature,TEMPERATURE) $(if $(call typed,SEED),--seed="$$ASKED_SEED")
.PHONY: predict tag encode translate generate caption frames forecast
predict: $(READY)  ## classify texts: TEXT="..." or FILE=texts.txt OUT=answers.tsv
	@$(call ASK,sentiment) $(QUESTION)
tag: $(READY)  ## mark the named entities: TEXT="..." or FILE=sentences.txt
	@$(call ASK,ner) $(QUESTION)
encode: $(READY)  ## a vector for each text, for search or clustering: TEXT="..." or FILE=texts.txt
	@$(call ASK,encoder) $(QUESTION)
# With TEXT or FILE it translates; without, it trains first if there is no model, and shows an example.
# Wrong options are refused before that.
TRANSLATE = $(call ASK,translation) $(or $(strip $(QUESTION)),--example)
translate: $(READY)  ## translate: TEXT="..." or FILE=lines.txt; without both it shows an example (and trains first)
	@$(if $(strip $(QUESTION)),,$(TRANSLATE) --check && $(call run,translation,$(STAGES)) &&) $(TRANSLATE)
# Without a model it trains one first; wrong options are refused before that.
GENERATE = $(call ASK,charlm) $(or $(strip $(QUESTION)),--example)
generate: $(READY)  ## continue a text: PROMPT="..." LENGTH=200 TEMPERATURE=0.8 SEED=1
	@[ -e saved_models/charlm/"$$ASKED_VERSION"/saved_model.pb ] || \
	  { $(GENERATE) --check && $(call run,charlm,$(STAGES)); }
	@$(GENERATE)

caption: $(READY)  ## describe a picture: FILE=photo.jpg; without it, an example
	@$(call ASK,captioning) $(or $(strip $(QUESTION)),--example)
frames: $(READY)  ## label the frames of a video: FILE=video.csv (one row per frame), video.mp4, a folder
	@$(call ASK,frames) $(QUESTION)
# Without a file it forecasts the series that it was trained with.
forecast: $(READY)  ## forecast a series: FILE=prices.csv (a time column and columns of numbers)
	@$(call ASK,forecasting) $(or $(strip $(QUESTION)),--example)

# ---- exported models over HTTP, until it is stopped
.PHONY: serve
serve: $(READY)  ## serve exported models over HTTP: MODELS=sentiment,ner PORT=8501
	@$(PIPELINE) serve $(call given,--models,MODELS) $(if $(call typed,PORT),--port="$$ASKED_PORT") \
	  $(call given,--settings,SETTINGS)

# ---- many texts through an exported model, on Apache Beam; SETTINGS has Beam's options, too
.PHONY: score
score: $(READY_SCALE)  ## run a model on many texts with Apache Beam: TASK=sentiment INPUT=texts.txt OUTPUT=scores.jsonl
	@$(PIPELINE) score "$$ASKED_TASK" $(if $(call typed,VERSION),--version="$$ASKED_VERSION") \
	  $(call given,--input,INPUT) $(call given,--output,OUTPUT) $(call given,--settings,SETTINGS)

# ---- studies: pages that explain, with what they measured
STUDY = $(PIPELINE) study $(1) --name="$$ASKED_NAME" --seed="$$ASKED_SEED" $(call given,--quick,QUICK)
.PHONY: study-gradients study-units study-labels
study-gradients: $(READY)  ## pages on vanishing and exploding gradients, with measurements (QUICK=1)
	@$(call STUDY,gradients) $(call given,--corpus,CORPUS)
# Examines the model as it is; without one it trains one first.
study-units: $(READY)  ## pages on single units of the character model (QUICK=1)
	@[ -e runs/charlm/"$$ASKED_NAME"/training.json ] || $(call run,charlm,corpus prepare train)
	@$(call STUDY,units)
study-labels: $(READY)  ## accuracy from few labelled rows, with a pretrained encoder and without
	@$(call STUDY,labels) $(call given,--corpus,CORPUS) $(call given,--encoder,ENCODER) \
	  $(call given,--settings,SETTINGS)

.PHONY: compare-tokenizers compare-translators
compare-tokenizers: $(READY)  ## train a small model with each tokenizer, one table
	@$(PYTHON) -m benchmarks.compare_tokenizers $(SOURCE) $(call given,--settings,SETTINGS)
compare-translators: $(READY_DEV)  ## train encoder-decoder, attention and Transformer: one table, a page
	@$(PYTHON) -m benchmarks.compare_translators $(call given,--corpus,CORPUS) \
	  $(if $(call typed,DIRECTION),--direction="$$ASKED_DIRECTION") $(call given,--settings,SETTINGS)

.PHONY: tensorboard
tensorboard: $(READY)  ## open the training logs (PORT=6006)
	@$(PIPELINE) tensorboard --port="$$ASKED_PORT"

.PHONY: test
test: $(READY_DEV)  ## linter, type checker and tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m pytest -n 2 --dist loadfile

# What needs apache-beam or pyarrow is left out of `make test` (the marker `scale` in pyproject.toml).
.PHONY: test-scale
test-scale: $(READY_DEV) $(READY_SCALE)  ## the tests that need apache-beam or pyarrow
	$(PYTHON) -m pytest -m scale

.PHONY: clean
clean:  ## remove derived data and runs, keep downloads and saved models
	rm -rf data/processed runs
