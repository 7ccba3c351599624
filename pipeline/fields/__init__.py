"""What goes into a task and what comes out of it: text, a picture, numbers over time, labels."""

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
