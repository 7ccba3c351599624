"""The page on truncated backpropagation through time: how far back is far enough."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.lab.base import Page, StudyText
from pipeline.lab.truncation import pictures
from pipeline.lab.truncation.pictures import name_of
from pipeline.lab.truncation.study import QUICK, Moment, Plan, TruncationStudy, study
from pipeline.models.settings import CELL_NAMES
from pipeline.report.figures import to_png
from pipeline.report.page import Card, Picture, Section, Table

TITLE = "Truncated backpropagation through time · 절단 시간 역전파"
_COMMANDS = ("make study-gradients", "make study-gradients QUICK=1")
NEAR = 0.99
"""A cosine from which on two gradients are called nearly the same."""


def page(text: StudyText, *, quick: bool, seed: int, progress: Callable[[float], None]) -> Page:
    """Measures, and writes down what was found.

    Raises:
        UserError: the text is too short.
    """
    return page_of(study(text, QUICK if quick else Plan(), seed, progress), text)


def page_of(found: TruncationStudy, text: StudyText) -> Page:
    """The page of a study that has been made."""
    curves = {}
    for moment in found.moments:
        windows = [each.window for each in moment.windows]
        for part in ("recurrent", "all"):
            tag = f"cosine, {part}, {name_of(moment)}"
            curves[tag] = (windows, [each.cosine[part] for each in moment.windows])
            tag = f"norm ratio, {part}, {name_of(moment)}"
            curves[tag] = (windows, [each.norm_ratio[part] for each in moment.windows])
    return Page(
        name="truncation",
        title=TITLE,
        summary=f"The gradient of {found.length} characters has a cosine of {NEAR} with one "
        "truncated to "
        + "; ".join(f"{m.window_for(NEAR)} characters ({name_of(m)})" for m in found.moments)
        + ".",
        sections=[
            _question(),
            _experiment(found, text),
            _by_window(found),
            _enough(found),
            _all_numbers(found),
        ],
        cards=[
            Card(
                name_of(moment),
                f"{moment.window_for(NEAR)} characters",
                f"of window for a cosine of {NEAR} with the full gradient",
            )
            for moment in found.moments
        ],
        numbers=_numbers(found),
        curves=curves,
    )


def _question() -> Section:
    equations = Table(
        ("equation · 식", "in words"),
        [
            ("∂L/∂W = Σ_t Σ_{k ≤ t} (∂L_t/∂h_t) (∂h_t/∂h_k) (∂⁺h_k/∂W)", "The full gradient: every "
             "loss blames every earlier use of the weights (시간 역전파)."),
            ("the same sum, k in the window of t", "The truncated gradient: what happened in an "
             "earlier window is taken as given. The state (은닉 상태) is handed on, blame is not."),
            ("cos(g, ĝ) = g·ĝ / (‖g‖ ‖ĝ‖)", "How far the two point the same way; 1 is the same "
             "direction. Beside it ‖ĝ‖ / ‖g‖, how much of the length is left."),
        ],
        prose=True,
    )  # fmt: skip
    return Section(
        "The question · 절단 시간 역전파",
        [
            "To go back through a whole book for one update is out of the question: all its "
            "states would have to be kept. So a text is read in windows (창), and the gradient "
            "goes back to the beginning of its window and no further: truncated backpropagation "
            "through time (Williams and Peng 1990). The loss does not change with the window. "
            "The gradient does; how much?",
        ],
        tables=[equations],
    )


def _experiment(found: TruncationStudy, text: StudyText) -> Section:
    plan = found.plan
    cells = " and ".join(CELL_NAMES[cell] for cell in plan.cells)
    return Section(
        "The experiment · 실험",
        [
            f"Character models with one layer of {plan.units} units, {cells}, read {plan.streams} "
            f"stretches of {found.length} characters of {text.title} (random seed {found.seed}), "
            f"once at once and once in windows of 1, 2, 4, … characters, by the same code that "
            "trains the pipeline's language model: it carries the state on and stops the gradient "
            "between two windows. Sums of the windows' gradients are compared with the full one.",
            f"Then the same after {plan.updates} updates with windows of {plan.training_window} "
            f"(AdamW, learning rate {plan.learning_rate:g}, gradients clipped to norm 1), on the "
            "text that is measured, too: its loss is "
            + "; ".join(f"{m.loss:.2f} nats a character ({name_of(m)})" for m in found.moments)
            + ".",
        ],
    )


def _by_window(found: TruncationStudy) -> Section:
    return Section(
        "Against the window · 창의 길이",
        [
            "Weights of the recurrent layer alone, where truncation acts. In windows of w a loss "
            "goes back 1 step from the beginning of a window and w from its end, half the window "
            "on average. The last point is the full gradient beside itself, so it is 1 by nature.",
            *(windows_show(moment) for moment in found.moments),
        ],
        figures=[
            _picture(
                pictures.by_window(found, "recurrent"),
                "Cosine and norm ratio between truncated and full gradients against the window.",
            )
        ],
    )


def windows_show(moment: Moment) -> str:
    """What a window of 1, of 8 and a long one leave of a gradient."""
    shortest = moment.windows[0]
    told = (
        f"{name_of(moment)}: with a window of {shortest.window} the cosine is "
        f"{shortest.cosine['recurrent']:.2f} and {shortest.norm_ratio['recurrent']:.0%} of the "
        f"length is left; from a window of {moment.window_for(NEAR)} on the cosine is {NEAR} or "
        "more"
    )
    enough = moment.at(moment.window_for(NEAR))
    left = enough.norm_ratio["recurrent"]
    if left < 0.95:
        return f"{told}, though only {left:.0%} of the length is there: direction comes first."
    return f"{told}, with {left:.0%} of the length."


def _enough(found: TruncationStudy) -> Section:
    return Section(
        "How near is near enough? · 얼마나 길어야 하나",
        [
            "A gradient is an estimate anyway: another stretch of text as long gives another "
            "one. The dotted lines show how far two such full gradients are apart. Where the "
            "curve is below its line, the window does less to the direction than the choice of "
            "the text.",
            *(chance_shows(moment) for moment in found.moments),
        ],
        figures=[
            _picture(
                pictures.directions_lost(found, "recurrent"),
                "One minus the cosine against the window, beside that between two texts.",
            )
        ],
    )


def chance_shows(moment: Moment) -> str:
    """From which window on truncation changes less than another text would."""
    between = moment.between_texts["recurrent"]
    window = moment.window_for(between)
    told = f"{name_of(moment)}: two texts' gradients have a cosine of {between:.3f};"
    if window == moment.windows[-1].window:
        return f"{told} no window that is shorter than the text comes as near."
    if window == 1:
        return f"{told} every window comes nearer."
    return f"{told} windows of {window} and more come nearer."


def _all_numbers(found: TruncationStudy) -> Section:
    windows = [each.window for each in found.moments[0].windows]
    columns = ("", *(str(window) for window in windows))
    tables = []
    for part, caption in (
        ("recurrent", "Weights of the recurrent layer"),
        ("all", "All weights; the gradient of the softmax's does not depend on the window"),
    ):
        rows = []
        for moment in found.moments:
            for what, values in (
                ("cosine", [each.cosine[part] for each in moment.windows]),
                ("norm ratio", [each.norm_ratio[part] for each in moment.windows]),
            ):
                rows.append((f"{name_of(moment)}, {what}", *(f"{value:.3f}" for value in values)))
        tables.append(Table(columns, rows, numeric=range(1, len(columns)), caption=caption))
    return Section(
        "All numbers · 모든 수",
        ["Columns are windows in characters."],
        tables=tables,
        commands=_COMMANDS,
    )


def _numbers(found: TruncationStudy) -> dict[str, object]:
    return {
        "seed": found.seed,
        "length": found.length,
        "moments": [
            {
                "cell": moment.cell,
                "updates": moment.updates,
                "loss": moment.loss,
                "between_texts": dict(moment.between_texts),
                "windows": [
                    {
                        "window": each.window,
                        "cosine": dict(each.cosine),
                        "norm_ratio": dict(each.norm_ratio),
                    }
                    for each in moment.windows
                ],
            }
            for moment in found.moments
        ],
    }


def _picture(figure, alt: str, caption: str = "") -> Picture:
    return Picture(to_png(figure), alt, caption)
