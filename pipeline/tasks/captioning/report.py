"""Content of the report of a captioner; the text is in report.md.j2."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.corpora.captions.languages import LANGUAGES
from pipeline.report.figures import to_png
from pipeline.report.page import ReportContent
from pipeline.report.picture_attention import CaptionedPicture, captioned_picture
from pipeline.report.run_facts import RunFacts
from pipeline.report.run_report import run_document

if TYPE_CHECKING:
    from pipeline.evaluation.captions import CaptionMetrics


@dataclasses.dataclass(frozen=True)
class SampleCaption:
    """A picture of the test split, with its references and the CIDEr of its caption."""

    picture: CaptionedPicture
    references: Sequence[str]
    cider: float

    @property
    def png(self) -> bytes:
        """The picture with attention, as PNG."""
        return to_png(captioned_picture(self.picture), dpi=120)


def captioning_content(
    metrics: Sequence[CaptionMetrics], samples: Sequence[SampleCaption], run: RunFacts
) -> ReportContent:
    """Makes the report of a captioner.

    Args:
        metrics: of each language, the one with the most captions first.
        samples: pictures to show, the best first.
        run: facts about the run; its history has a column dev_bleu4.
    """
    return run_document(
        "tasks/captioning/report.md.j2",
        run,
        score=("dev_bleu4", "BLEU-4"),
        first=metrics[0],
        languages=[(LANGUAGES.get(each.language, each.language), each) for each in metrics],
        samples=samples,
    )
