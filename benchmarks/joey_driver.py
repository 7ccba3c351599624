"""Joey NMT's side of benchmarks/joey_nmt.py; needs only a Python with joeynmt.

    python joey_driver.py train CONFIG.json
    python joey_driver.py translate CONFIG.json TEST_SET ...
    python joey_driver.py steps CONFIG.json ROWS.json
    python joey_driver.py sentences CONFIG.json TEST_SET

It uses Joey's own configuration, model, trainer and search (2.3.0). Added are:

- torch no longer has `ReduceLROnPlateau(verbose=...)`, which Joey passes.
- Text is already cut into pieces; scores on dev are those of the joined text. Joey's own tokenizer
  would depend on the installed version of SentencePiece.
- Attention weights can have their own dropout.
- Weights are initialised from the seed; Joey sets it only after it has made them.
- A killed training resumes from a checkpoint at most a minute old, and its result is the same,
  except for sampled segmentations. Joey by itself would start the epoch again.

`steps` and `sentences` measure: for each line on standard input, which names a measure, they run it
once and print the seconds.
"""

import contextlib
import itertools
import json
import logging
import math
import os
import sys
import time
from pathlib import Path

import joeynmt.builders
import joeynmt.data
import joeynmt.prediction
import sentencepiece
import torch
from joeynmt.config import parse_global_args, set_validation_args
from joeynmt.data import load_data
from joeynmt.helpers import set_seed
from joeynmt.model import build_model
from joeynmt.prediction import predict, prepare
from joeynmt.tokenizers import BasicTokenizer
from joeynmt.training import TrainManager
from joeynmt.transformer_layers import MultiHeadedAttention

SECONDS_BETWEEN_LINES = 20.0
SECONDS_BETWEEN_CHECKPOINTS = 60.0


class Silent:
    """Replaces Joey's progress bars."""

    def update(self, count: int) -> None: ...


class Plateau(torch.optim.lr_scheduler.ReduceLROnPlateau):
    def __init__(self, *arguments, verbose=False, **keywords):
        super().__init__(*arguments, **keywords)


joeynmt.builders.ReduceLROnPlateau = Plateau
joeynmt.prediction.tqdm = lambda *_, **__: contextlib.nullcontext(Silent())


class Pieces(BasicTokenizer):
    """Lines are pieces separated by spaces. With `sampling`, those of train are text, which is cut
    anew each time it is read."""

    def __init__(self, model: str, sampling: float, most: int):
        super().__init__(level="word")
        self.sampling, self.most = sampling, most
        self.library = sentencepiece.SentencePieceProcessor(model_file=model) if sampling else None

    def __call__(self, raw_input, is_train=False):
        if is_train and self.sampling:
            return self.library.encode(
                raw_input, out_type=str, enable_sampling=True, alpha=self.sampling, nbest_size=-1
            )[: self.most]
        return raw_input.split(" ")

    def post_process(self, sequence, generate_unk=True, cut_at_sep=True):
        pieces = sequence.split(" ") if isinstance(sequence, str) else sequence
        pieces = self._remove_special(pieces, generate_unk=generate_unk)
        return "".join(pieces).replace("\u2581", " ").strip() or self.unk_token


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def whole_file(path: Path):
    """A temporary path that is renamed to `path` at the end."""
    temporary = path.with_name(f".partial.{path.name}")
    yield temporary
    os.replace(temporary, path)


def save(state: dict, path: Path) -> None:
    with whole_file(path) as temporary:
        torch.save(state, temporary)


class Remaining:
    """Wraps a loader of Joey's; the first pass skips the finished batches."""

    def __init__(self, loader, done: int):
        self.loader, self.done = loader, done
        self.batch_sampler = loader.batch_sampler

    def __iter__(self):
        done, self.done = self.done, 0
        return itertools.islice(self.loader, done, None)


class Trainer(TrainManager):
    """Joey's trainer with complete checkpoints and an evaluation on dev after each epoch."""

    def __init__(self, args, model):
        super().__init__(
            rank=0,
            model=model,
            model_dir=args.model_dir,
            device=args.device,
            autocast=args.autocast,
            seed=args.seed,
            train_args=args.train,
            dev_args=set_validation_args(args.test),
        )
        self.kept = args.model_dir / "resume.ckpt"
        self.history: list[dict] = []
        self.dev_seconds = 0.0
        self.started = self.last_line = self.last_kept = time.monotonic()
        self.random_state = None

    @property
    def finished(self) -> bool:
        return len(self.history) == self.args.epochs

    @property
    def done(self) -> int:
        """Number of finished batches of the epoch."""
        return self.stats.steps - len(self.history) * self.args.validation_freq

    @property
    def seconds(self) -> float:
        """Seconds so far, without work that was lost when the process was killed."""
        return time.monotonic() - self.started

    def keep(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "stats": {**self.stats.state_dict(), "epochs": len(self.history) + 1},
            "random": torch.get_rng_state(),
            "history": self.history,
            "seconds": self.seconds,
            "dev_seconds": self.dev_seconds,
        }
        save(state, self.kept)
        self.last_kept = time.monotonic()

    def resume(self) -> None:
        if not self.kept.exists():
            return
        state = torch.load(self.kept)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.stats.load_state_dict(state["stats"])
        self.history, self.dev_seconds = state["history"], state["dev_seconds"]
        self.started = time.monotonic() - state["seconds"]
        if self.done:
            # Set after the loader of the epoch has started, which draws random numbers, too.
            self.random_state = state["random"]
        else:
            torch.set_rng_state(state["random"])
        say(f"joey: going on in epoch {self.stats.epochs} of {self.args.epochs}")

    def train_and_validate(self, train_data, valid_data):
        make = train_data.make_iter
        train_data.make_iter = lambda **keywords: Remaining(make(**keywords), self.done)
        super().train_and_validate(train_data, valid_data)

    def _train_step(self, batch):
        # The steps before this one are complete here.
        if self.random_state is not None:
            torch.set_rng_state(self.random_state)
            self.random_state = None
        now = time.monotonic()
        if now - self.last_kept >= SECONDS_BETWEEN_CHECKPOINTS:
            self.keep()
        found = super()._train_step(batch)
        if now - self.last_line >= SECONDS_BETWEEN_LINES:
            self.last_line = now
            speed = self.stats.total_tokens / (self.seconds - self.dev_seconds)
            say(
                f"joey: epoch {self.stats.epochs} of {self.args.epochs}, step {self.stats.steps} "
                f"of {self.args.epochs * self.args.validation_freq}, loss {found[0]:.3f}, "
                f"{speed:,.0f} target tokens/s"
            )
        return found

    def _validate(self, valid_data):
        started = time.monotonic()
        super()._validate(valid_data)
        self.dev_seconds += time.monotonic() - started
        self.keep()

    def _add_report(self, valid_scores, new_best=False):
        row = {
            "epoch": self.stats.epochs,
            "step": self.stats.steps,
            "bleu": float(valid_scores["bleu"]),
            "loss": float(valid_scores["loss"]),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
        }
        self.history.append(row)
        mark = "  best so far" if new_best else ""
        say(
            f"joey: epoch {row['epoch']} of {self.args.epochs}: dev BLEU {row['bleu']:.2f}, "
            f"learning rate {row['learning_rate']:.2e}, {self.seconds:.0f} s{mark}"
        )

    def _save_checkpoint(self, new_best, score):
        if new_best:
            save({"model_state": self.model.state_dict()}, self.model_dir / "best.ckpt")


def start(path: str):
    """Joey's arguments from a configuration, and its section for this program."""
    config = json.loads(Path(path).read_text(encoding="utf-8"))
    extra = config.pop("driver")
    config["model_dir"] = str(Path(path).parent)
    # Joey's log goes to a file; `say` speaks to the user.
    log = logging.FileHandler(Path(config["model_dir"]) / "joey.log", encoding="utf-8")
    for name in logging.root.manager.loggerDict:
        if name.startswith("joeynmt."):
            logging.getLogger(name).handlers = [log]
    joeynmt.data.build_tokenizer = lambda data: {
        data[side]["lang"]: Pieces(data[side]["model"], extra["sampling"], extra["max_length"])
        for side in ("src", "trg")
    }
    return parse_global_args(config, rank=0, mode="train"), extra


def trainer_of(args, extra):
    """(trainer, train data, dev data) of a new training."""
    set_seed(args.seed)
    model, train_data, dev_data, _ = prepare(args, rank=0, mode="train")
    for module in model.modules():
        if isinstance(module, MultiHeadedAttention):
            module.dropout.p = extra["attention_dropout"]
    return Trainer(args, model), train_data, dev_data


def train(args, extra) -> None:
    trainer, train_data, dev_data = trainer_of(args, extra)
    trainer.resume()
    sentencepiece.set_random_generator_seed(1000 * args.seed + len(trainer.history))
    if not trainer.finished:
        trainer.train_and_validate(train_data, dev_data)
    if not trainer.finished:  # Joey swallows the interrupt
        sys.exit(130)
    result = {
        "best": float(trainer.stats.best_ckpt_score),
        "best_step": trainer.stats.best_ckpt_iter,
        "steps": trainer.stats.steps,
        "epochs": len(trainer.history),
        "target_tokens": trainer.stats.total_tokens,
        "seconds": round(trainer.seconds, 1),
        "seconds_on_dev": round(trainer.dev_seconds, 1),
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "history": trainer.history,
    }
    with whole_file(args.model_dir / "training.json") as temporary:
        temporary.write_text(json.dumps(result, indent=2), encoding="utf-8")


def finished_model(args, name: str):
    """(the model with its best weights, the data of a test set)."""
    data = {**args.data, "test": str(Path(args.data["dev"]).with_name(name))}
    source, target, _, _, test_data = load_data(cfg=data, datasets=["test"])
    model = build_model(args.model, src_vocab=source, trg_vocab=target)
    model.load_state_dict(torch.load(args.model_dir / "best.ckpt")["model_state"])
    return model, test_data


def translated(args, model, data) -> list[list[str]]:
    found = predict(
        model=model, data=data, device=args.device, n_gpu=0, args=args.test, autocast=args.autocast
    )
    end = model.trg_vocab.lookup("[EOS]")
    return [[p for p in pieces if model.trg_vocab.lookup(p) != end] for pieces in found[3]]


def translate(args, names: list[str]) -> None:
    for name in names:
        model, data = finished_model(args, name)
        say(f"joey: translating {name}, {len(data):,} sentences")
        lines = "".join(" ".join(pieces) + "\n" for pieces in translated(args, model, data))
        with whole_file(args.model_dir / f"{name}.pieces") as temporary:
            temporary.write_bytes(lines.encode("utf-8"))


def answer(measures: dict) -> None:
    for line in sys.stdin:
        do = measures[line.strip()]
        started = time.perf_counter()
        do()
        print(time.perf_counter() - started, flush=True)


def measure_steps(args, extra, path: str) -> None:
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    trainer, data, _ = trainer_of(args, extra)
    trainer.last_line = trainer.last_kept = math.inf
    model = trainer.model
    ends = {"pad_index": model.pad_index, "eos_index": model.eos_index}
    own = data.make_iter(args.train.batch_size, seed=args.seed, shuffle=True, **ends)

    def step(batch) -> None:
        trainer._train_step(batch)
        if trainer.clip_grad_fun is not None:
            trainer.clip_grad_fun(parameters=model.parameters())
        trainer.optimizer.step()
        model.zero_grad()

    def on_own() -> None:
        own.batch_sampler.set_seed(args.seed)
        for _, batch in zip(given, own, strict=False):
            step(batch)

    def on_given() -> None:
        for rows in given:
            step(data.collate_fn([data[row] for row in rows], **ends))

    answer({"own": on_own, "given": on_given})


def measure_sentences(args, name: str) -> None:
    model, data = finished_model(args, name)

    def translating(batch_size: int):
        search = args._replace(test=args.test._replace(batch_size=batch_size))
        return lambda: translated(search, model, data)

    answer({"single": translating(1), "together": translating(args.test.batch_size)})


def main() -> None:
    verb, config, *rest = sys.argv[1:]
    args, extra = start(config)
    if verb == "train":
        train(args, extra)
    elif verb == "translate":
        translate(args, rest)
    elif verb == "steps":
        measure_steps(args, extra, *rest)
    elif verb == "sentences":
        measure_sentences(args, *rest)
    else:
        sys.exit(f"error: no such verb {verb!r}")


if __name__ == "__main__":
    main()
