"""The first page of the laboratory's report: the smallest character model, from end to end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from keras import ops

from pipeline.lab.base import Page, Progress, StudyText
from pipeline.lab.hello import pictures
from pipeline.lab.hello.study import DUE, LETTERS, READ, SURE, HelloRun, Moment, train
from pipeline.report.figures import to_png
from pipeline.report.page import Picture, Section, Table


def page(text: StudyText, *, quick: bool, seed: int, progress: Progress) -> Page:
    """The page; the same whatever the text, and never long."""
    run = train()
    progress(0.5)
    norms, answer = run.after.norms_by_lag, run.after.said
    return Page(
        "hello",
        "The smallest example · 가장 작은 예",
        f"{run.before.network.cell.units} hidden units learn to answer “{READ}” with “{answer}” "
        f"in {run.updates:,} updates; every term of the gradient is written out.",
        hello_sections(run, commands=["make study-gradients"]),
        numbers={
            "updates": run.updates,
            "said_before": run.before.said,
            "said_after": answer,
            "norms_by_lag_after": [float(norm) for norm in norms],
        },
    )


def hello_sections(run: HelloRun, commands: Sequence[str] = ()) -> list[Section]:
    """What the page says, every number of it from `run`.

    Args:
        run: from `pipeline.lab.hello.study.train`.
        commands: lines that make the page again; shown below the last section.
    """
    return [
        _network(run),
        _answers(run),
        _way_back(run),
        _learning(run),
        _lags(run, commands),
    ]


def _network(run: HelloRun) -> Section:
    units = run.before.network.cell.units
    equations = Table(
        ("equation · 식", "in words"),
        [
            ("h_t = tanh(W_xh x_t + W_hh h_{t−1} + b)", "Hidden state (은닉 상태): what the letter "
             "says and what was kept, mixed and squashed. Elman 1990."),
            ("ŷ_t = softmax(W_hy h_t)", "A probability (확률) for each letter that may come next."),
            ("L_t = −log ŷ_t[y_t],   L = Σ_t L_t", "Cross entropy (교차 엔트로피): how little was "
             "given to the letter that was due, in nats."),
        ],
        prose=True,
    )  # fmt: skip
    letters = Table(
        ("step t", "reads", "x_t (one-hot)", "due"),
        [
            (str(t + 1), letter, " ".join(str(int(letter == other)) for other in LETTERS), due)
            for t, (letter, due) in enumerate(zip(READ, DUE, strict=True))
        ],
        caption=f"Inputs and targets; the entries of x_t stand for {', '.join(LETTERS)}",
    )
    return Section(
        "The smallest character model · 순환 신경망",
        [
            f'A recurrent network (순환 신경망) with {units} hidden units reads "{READ}" letter by '
            f'letter and is to say "{DUE}": at each step, the letter that comes next in "hello".',
            "Steps 3 and 4 read the same letter l and yet owe different answers, l and o. From the "
            "input alone that cannot be done; the hidden state has to remember how far the word "
            "has come.",
        ],
        tables=[equations, letters],
    )


def _answers(run: HelloRun) -> Section:
    figures = [
        _picture(
            pictures.unrolled(moment, f'{name} — says "{moment.said}"'),
            f"Four steps of the network, {name.split(' · ')[0].lower()}: inputs, hidden states and "
            f'probabilities. It reads "{READ}" and says "{moment.said}".',
        )
        for name, moment in (("Untrained · 학습 전", run.before), ("Trained · 학습 후", run.after))
    ]
    third, fourth = (_vector(run.after.hidden[t]) for t in (2, 3))
    return Section(
        "Forward, untrained and trained · 순전파",
        [
            "Read each picture from below: a letter goes in, the hidden state takes it up beside "
            "the state before it, and above stands a probability for each letter. Framed in green "
            "is the letter that is due.",
            f'Untrained it says "{run.before.said}", trained "{run.after.said}". At steps 3 and 4 '
            f"the trained network reads the same l, but its hidden states are {third} and "
            f"{fourth}: the difference is memory.",
            f'Left alone after the first letter, reading its own answers, it says '
            f'"{run.after.continued}" (untrained: "{run.before.continued}").',
        ],
        figures=figures,
    )  # fmt: skip


def _way_back(run: HelloRun) -> Section:
    moment, place = run.before, largest_entry(run.before)
    weight = f"W_hh[{place[0] + 1},{place[1] + 1}]"
    table_sum = ops.convert_to_numpy(moment.terms.sums()["W_hh"])[place]
    one_way = ops.convert_to_numpy(moment.gradients["W_hh"])[place]
    return Section(
        "Backpropagation through time · 시간 역전파",
        [
            "W_hh is used at every step, so the loss at step t blames each of its uses, at the "
            "steps k up to t, and the gradient is the sum of all that blame:",
            "∂L_t/∂W_hh = Σ_{k ≤ t} (∂L_t/∂h_t) (∂h_t/∂h_k) (∂⁺h_k/∂W_hh)",
            "The first factor is the error at t, the last how h_k depends on the weight at step k "
            "itself, with h_{k−1} held. The factor between carries the error back over t − k "
            "steps; it is the product of ∂h_i/∂h_{i−1} = diag(1 − h_i²) W_hh for i = k + 1 … t "
            "(Werbos 1990; Pascanu et al. 2013, equations 3 to 5).",
            "The pictures show how large each term is. The first column is 0 since h_0 = 0: at the "
            "first step W_hh has nothing to carry. Right of the diagonal nothing stands: no loss "
            "depends on what is read later.",
            f"The table writes the terms of one weight out, {weight} of the untrained network. "
            f"They sum to {_signed(table_sum)}. Going back through the steps just once, as "
            f"training does, gives {_signed(one_way)}; and moving the weight a little up and down "
            f"changes the loss by {_signed(moment.slope('W_hh', place))} per unit.",
        ],
        figures=[
            _picture(
                pictures.sizes_of_terms(run),
                "Two triangles of numbers: the size of each term of the gradient, untrained and "
                "trained.",
                "Size (Frobenius norm) of each term of ∂L/∂W_hh, untrained and trained.",
            )
        ],
        tables=[term_table(moment, place)],
    )


def largest_entry(moment: Moment) -> tuple[int, int]:
    """Where the gradient of W_hh is largest."""
    gradient = np.abs(ops.convert_to_numpy(moment.gradients["W_hh"]))
    row, column = np.unravel_index(gradient.argmax(), gradient.shape)
    return int(row), int(column)


def term_table(moment: Moment, place: tuple[int, int]) -> Table:
    """The terms of ∂L/∂W_hh for one weight: t in rows, k in columns, sums at the edges."""
    each = ops.convert_to_numpy(moment.terms.W_hh)[:, :, place[0], place[1]]
    row, column = place[0] + 1, place[1] + 1
    rows = []
    for t, terms in enumerate(each):
        cells = (_signed(term) if k <= t else "" for k, term in enumerate(terms))
        rows.append((f"t = {t + 1} ({DUE[t]} due)", *cells, _signed(terms.sum())))
    rows.append(("Σ over t", *map(_signed, each.sum(axis=0)), _signed(each.sum())))
    return Table(
        ("", *(f"k = {k + 1} (reads {READ[k]})" for k in range(len(each))), "Σ over k"),
        rows,
        numeric=range(1, len(each) + 2),
        caption=f"Terms of ∂L/∂W_hh[{row},{column}]; in the last corner their sum, the gradient",
    )


def _learning(run: HelloRun) -> Section:
    answers = [
        answer
        for answer, before in zip(run.answers, (None, *run.answers), strict=False)
        if answer != before
    ]
    guessing = len(DUE) * np.log(len(LETTERS))
    return Section(
        "Learning · 학습",
        [
            f"Every weight takes a step against its gradient, W ← W − η ∂L/∂W with η = "
            f"{run.learning_rate:g} (plain gradient descent, 경사하강법), again and again on the "
            f"same word, until each letter that is due has a probability of {SURE:.0%}.",
            f"The loss falls from {run.before.loss:.2f} to {run.after.loss:.2f} nats in "
            f"{run.updates} updates; four letters taken to be equally probable would cost "
            f"{guessing:.2f}. On the way it answers {' → '.join(answers)}; after "
            f'{run.right_from} updates it says "{DUE}" and keeps to it.',
        ],
        figures=[
            _picture(
                pictures.loss_curve(run),
                f"The loss over {run.updates} updates falls from {run.before.loss:.2f} to "
                f"{run.after.loss:.2f} nats.",
            )
        ],
    )


def _lags(run: HelloRun, commands: Sequence[str]) -> Section:
    told = [
        _what_lags_show(name, moment)
        for name, moment in (("Untrained", run.before), ("Trained", run.after))
    ]
    return Section(
        "What is left of a gradient after some steps · 경사소실과 경사폭발",
        [
            "‖∂h_t/∂h_k‖₂ is the most that an error can be multiplied by on its way from t back "
            "to k. The derivative is a product with one factor for each step between, and no "
            "factor's norm is above γ_W γ_φ, with γ_W = ‖W_hh‖₂ and γ_φ = 1, the steepest slope "
            "of tanh: so ‖∂h_t/∂h_k‖₂ ≤ (γ_W γ_φ)^(t−k) (Pascanu et al. 2013, equation 7).",
            "Below 1 that bound vanishes with the lag, and the gradient with it: vanishing "
            "gradient (경사소실). Above 1 the gradient may grow without limit, exploding gradient "
            "(경사폭발), but it need not: where tanh is flat, 1 − h² is small and takes it back.",
            *told,
            "Four steps are few. What this becomes over a hundred, and what LSTM and GRU do about "
            "it, is measured on the pages of the gradient studies.",
        ],
        figures=[
            _picture(
                pictures.norms_by_lag(run),
                "Norms of the derivative of the last hidden state by earlier ones against the lag, "
                "with their bounds, untrained and trained.",
            )
        ],
        commands=commands,
    )


def _what_lags_show(name: str, moment: Moment) -> str:
    norms, bounds = moment.norms_by_lag, moment.bounds_by_lag
    slope = float(np.mean(1 - moment.hidden**2))
    must = "so it has to vanish" if bounds[0] < 1 else "so it may explode"
    change = norms[0] / norms[-1]
    found = f"{change:.3g} times smaller" if change > 1 else f"{1 / change:.3g} times larger"
    return (
        f"{name}: γ_W = {bounds[0]:.2f}, {must}; found is {norms[0]:.3g} over one step and "
        f"{norms[-1]:.3g} over {len(norms)}, {found}. The slope 1 − h² is {slope:.2f} on average."
    )


def _signed(value: float) -> str:
    return f"{value:+.6f}" if value else "0"


def _vector(values: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:+.2f}" for value in values) + ")"


def _picture(figure, alt: str, caption: str = "") -> Picture:
    return Picture(to_png(figure), alt, caption)
