"""Makes the recurrent decoder from settings."""

from __future__ import annotations

from pipeline.layers.recurrent_decoder import RecurrentDecoder
from pipeline.models.settings import CaptionerSettings, TranslatorSettings


def recurrent_decoder(
    settings: CaptionerSettings | TranslatorSettings, even_attention: float = 0.0
) -> RecurrentDecoder:
    """Makes a layer called `decoder`; with the architecture "attention" it attends to a source.

    Args:
        settings: shape of the model.
        even_attention: as of `RecurrentDecoder`.
    """
    attends = settings.architecture == "attention"
    return RecurrentDecoder(
        settings.cell,
        settings.units,
        settings.layers,
        settings.embedding_size,
        attention=settings.attention if attends else "none",
        input_feeding=attends and settings.input_feeding,
        dropout=settings.state_dropout,
        even_attention=even_attention,
        name="decoder",
    )
