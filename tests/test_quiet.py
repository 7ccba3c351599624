"""What TensorFlow says that nobody can use."""

from __future__ import annotations

import logging

from tensorflow.python.eager.polymorphic_function import polymorphic_function

from pipeline import quiet


def warn_of_retracing() -> None:
    """As TensorFlow does where functions of one name were traced for a few shapes.

    Its own counter is asked: that of this process warns twice in all, which earlier tests may have
    used up.
    """
    counter = polymorphic_function._FrequentTracingDetector()
    for _ in range(12):
        counter.called_with_tracing("one_step_on_data", False)


def test_a_few_shapes_of_several_models_are_no_warning(caplog):
    """And without the filter they are, so there is something to filter."""
    logger = logging.getLogger("tensorflow")
    logger.removeFilter(quiet._of_use)
    warn_of_retracing()
    assert "retracing" in caplog.text
    caplog.clear()
    quiet.start_keras()
    warn_of_retracing()
    assert "retracing" not in caplog.text
    logger.warning("something else")
    assert "something else" in caplog.text
