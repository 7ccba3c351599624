"""Label files of videos: spans in frames or seconds, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.corpora.framed.frame_columns import ColumnChoice
from pipeline.corpora.framed.label_spans import read_label_spans
from pipeline.errors import UserError

TENTHS = np.arange(6) / 10
"""When the frames of a video of six are shown."""


@pytest.fixture
def read(tmp_path):
    """Text of a label file -> its spans."""

    def of(text: str, choice=None, unit=None, *, has_clock=True):
        path = tmp_path / "v1.csv"
        path.write_text(text, encoding="utf-8")
        return read_label_spans(path, choice or ColumnChoice(), unit, has_clock=has_clock)

    return of


class TestUnits:
    @pytest.mark.parametrize(
        "text",
        [
            "start_frame,end_frame,label\n0,2,쉼\n2,6,준비\n",
            "Start Frame,End Frame,Label\n2,6,준비\n0,2,쉼\n",
            "label\tstart (frames)\tend (frames)\n쉼\t0\t2\n준비\t2\t6\n",
            "시작프레임,끝프레임,동작\n0,2,쉼\n2,6,준비\n",
            "start_s,end_s,label\n0,0.2,쉼\n0.2,0.6,준비\n",
            "start,end,label\n0,0.2,쉼\n0.2,0.6,준비\n",  # a decimal point: seconds
            "시작(초),끝(초),라벨\n0,0.15,쉼\n0.15,0.6,준비\n",
            "start,end,action\n0:00:00,0:00:00.2,쉼\n00:00.2,00:00.6,준비\n",
        ],
    )
    def test_what_the_columns_say(self, read, text):
        labels = read(text).of_frames(6, TENTHS, None)
        assert labels == ["쉼", "쉼", "준비", "준비", "준비", "준비"]

    def test_whole_numbers_are_frames_where_there_is_no_clock(self, read):
        spans = read("start,end,label\n0,2,a\n2,6,b\n", has_clock=False)
        assert spans.of_frames(6, None, None) == list("aabbbb")

    def test_whole_numbers_of_a_video_are_refused_unless_a_user_says_what_they_are(self, read):
        text = "start,end,label\n0,2,a\n2,6,b\n"
        with pytest.raises(UserError, match="v1.csv: whole numbers may be frames or seconds"):
            read(text)
        assert read(text, unit="frames").of_frames(6, TENTHS, None) == list("aabbbb")
        assert read(text, unit="seconds").of_frames(6, TENTHS * 10, None) == list("aabbbb")

    def test_a_frame_belongs_to_the_span_that_holds_its_time(self, read):
        """Also where the times between frames differ, or are rounded."""
        spans = read("start,end,label\n0,0.25,a\n0.25,1.2,b\n")
        uneven = np.array([0.0, 0.05, 0.24, 0.25, 1.1])
        assert spans.of_frames(5, uneven, None) == list("aaabb")
        thirtieths = np.arange(30) / 30
        for digits in (2, 3, 6):
            text = f"start,end,label\n0,{20 / 30:.{digits}f},a\n{20 / 30:.{digits}f},1.0,b\n"
            assert read(text).of_frames(30, thirtieths, None) == ["a"] * 20 + ["b"] * 10

    def test_the_end_may_be_a_frame_later_than_the_last(self, read):
        """Other programs round the length of a video."""
        assert read("start,end,label\n0,0.69,a\n").of_frames(6, TENTHS, None) == ["a"] * 6

    @pytest.mark.parametrize(
        ("text", "settings", "said"),
        [
            ("start_frame,end_s,label\n0,1,a\n", {}, "one column is in frames, one in seconds"),
            ("start_s,end_s,label\n0,1,a\n", {"unit": "frames"}, "its columns are in seconds"),
            (
                "start,end,label\n0,.5,a\n",
                {"has_clock": False},
                "a folder of pictures has no clock",
            ),
            ("start,end,label\n0,.5,a\n", {"unit": "frames"}, "v1.csv:2: '.5' is no number of a"),
        ],
    )
    def test_units_that_cannot_be(self, read, text, settings, said):
        with pytest.raises(UserError) as caught:
            read(text, **settings)
        assert said in str(caught.value)


class TestRest:
    def test_frames_in_no_span(self, read):
        spans = read("start_frame,end_frame,label\n1,3,a\n4,6,b\n")
        with pytest.raises(UserError, match="v1.csv: 2 frames of 6 have no label, the first: 0"):
            spans.of_frames(6, TENTHS, None)
        assert spans.of_frames(6, TENTHS, "none") == ["none", "a", "a", "none", "b", "b"]


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "v1.csv: is empty"),
            ("start,end,label\n", "v1.csv: has a header and no spans"),
            ("0,2,a\n2,6,b\n", "v1.csv: column '0' is neither start, end nor label"),
            ("start,end,label,who\n0,2,a,x\n", "v1.csv: column 'who' is neither start, end nor"),
            ("start,label\n0,a\n", "v1.csv: has no column end"),
            ("start,end\n0,2\n", "v1.csv: has no column label"),
            ("start,end,label,phase\n0,2,a,b\n", "v1.csv: has two columns for label"),
            ("start_s,end_s,label\n0,2,a\n2,x,b\n", "v1.csv:3: 'x' is no time in seconds"),
            ("start_s,end_s,label\n0,2,a\n2,,b\n", "v1.csv:3: '' is no time in seconds"),
            ("start_s,end_s,label\n-1,2,a\n", "v1.csv:2: '-1' is no time in seconds"),
            ("start_s,end_s,label\n0,nan,a\n", "v1.csv:2: 'nan' is no time in seconds"),
            ("start_s,end_s,label\n0,inf,a\n", "v1.csv:2: 'inf' is no time in seconds"),
            ("start_frame,end_frame,label\n0,1.5,a\n", "v1.csv:2: '1.5' is no number of a frame"),
            (
                "start_frame,end_frame,label\n3,3,a\n",
                "v1.csv:2: the span ends at 3 and starts",
            ),
            ("start_frame,end_frame,label\n0,2,\n", "v1.csv:2: the span has no label"),
            ("start_frame,end_frame,label\n0,2,a\n2,4\n", "v1.csv:3: has 2 columns, not 3"),
            (
                "start_frame,end_frame,label\n3,6,b\n0,4,a\n",
                "v1.csv:2: overlaps with the span of line 3, which ends at 4",
            ),
        ],
    )
    def test_a_file_that_cannot_be_used(self, read, text, said):
        with pytest.raises(UserError) as caught:
            read(text)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "start_frame,end_frame,label\n0,7,a\n",
                "v1.csv:2: the span 0 to 7 reaches behind the end of the video, which has 6 frames",
            ),
            (
                "start_s,end_s,label\n0,0.3,a\n0.3,0.8,b\n",
                "v1.csv:3: the span 0.3 to 0.8 reaches behind the end of the video, which is 0.600",
            ),
            (
                "start_s,end_s,label\n0,0.11,a\n0.11,0.19,b\n0.19,0.6,a\n",
                "v1.csv:3: no frame lies between 0.11 and 0.19",
            ),
        ],
    )
    def test_spans_that_are_not_of_the_video(self, read, text, said):
        with pytest.raises(UserError) as caught:
            read(text).of_frames(6, TENTHS, None)
        assert said in str(caught.value)

    def test_columns_of_no_interest_and_a_label_of_another_name(self, read):
        choice = ColumnChoice(label="what", left_out=("who", "label"))
        text = "who,start_frame,end_frame,what,label\nx,0,6,a,b\n"
        assert read(text, choice).of_frames(6, TENTHS, None) == ["a"] * 6
