"""Fields: the kinds of data that go into a task and come out of it."""

from pipeline.fields.field import Field, FileValues, Tensor
from pipeline.fields.labels import Labels
from pipeline.fields.picture import Picture
from pipeline.fields.series import Series
from pipeline.fields.text import Text
from pipeline.fields.whole_series import StepRange, WholeSeries

__all__ = [
    "FileValues",
    "Field",
    "Labels",
    "Picture",
    "Series",
    "StepRange",
    "Tensor",
    "Text",
    "WholeSeries",
]
