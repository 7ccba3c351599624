"""Settings of the models; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.ranges import AtLeast, Between, Share, UserFiles

CELL_NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN", "irnn": "ReLU RNN"}
"""Names of the cells in reports and pictures."""


@dataclasses.dataclass(frozen=True)
class ClassifierSettings:
    """Architecture of the classifier."""

    cell: Literal["lstm", "gru", "rnn", "irnn", "bag"] = "lstm"
    """Recurrent cell. "irnn" is a ReLU RNN whose recurrent weights start as the identity matrix;
    "bag" is the baseline without recurrence: the mean and maximum of the embeddings."""
    units: Annotated[int, AtLeast(1)] = 264
    """Width of the hidden state in one direction. Powers of two, such as 256, are slow on a CPU
    (`python -m benchmarks.recurrent_peak`)."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection) where the widths agree."""
    embedding_size: Annotated[int, AtLeast(1)] = 120
    """Width of the piece embeddings."""
    ngrams: Literal["none", "syllable", "jamo"] = "jamo"
    """What is added to the embedding of a piece: nothing, embeddings of its syllables and pairs of
    syllables, or of these and its runs of 3 jamo. Costs time in training, but not when served."""
    max_ngrams: Annotated[int, AtLeast(1)] = 12
    """Maximum number of n-grams of a piece."""
    pooling: Literal["last", "mean", "max", "attention", "max+mean"] = "max+mean"
    """How the states of all pieces become one vector."""
    embedding_dropout: Annotated[float, Share] = 0.5
    """Share of embedding features dropped in training."""
    piece_dropout: Annotated[float, Share] = 0.1
    """Share of pieces whose embedding is set to zero in training."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped between layers and before the logits in training."""


def describe_classifier(settings: ClassifierSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    if settings.cell == "bag":
        return f"bag of embeddings, {settings.embedding_size} wide"
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    return f"{settings.layers}-layer {direction}{cell}-{settings.units}"


@dataclasses.dataclass(frozen=True)
class StartSettings:
    """The pretrained encoder that the model starts from."""

    encoder: Annotated[str, UserFiles] = "none"
    """A pretrained encoder: `bundled` for the one that comes with the project, the name of another
    one or of a run of make pretrain, a folder, or `none` for random weights. The model uses the
    pieces of the encoder, and starts with its embeddings and its recurrent layer."""


@dataclasses.dataclass(frozen=True)
class FineTuningSettings:
    """How the weights that come from an encoder are trained further."""

    encoder_rate: Annotated[float, Between(0, 1)] = 1.0
    """Learning rate of the encoder's weights, relative to that of all others; 0 freezes them."""


@dataclasses.dataclass(frozen=True)
class TaggerSettings:
    """Architecture of the tagger."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """Recurrent cell. "irnn" is a ReLU RNN whose recurrent weights start as the identity matrix."""
    units: Annotated[int, AtLeast(1)] = 160
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: Annotated[int, AtLeast(0)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its output
    (a residual connection). 0: there is no recurrent layer besides the encoder's."""
    embedding_size: Annotated[int, AtLeast(1)] = 64
    """Width of the piece embeddings."""
    ngram_size: Annotated[int, AtLeast(1)] = 32
    """Width of the embeddings of n-grams of pieces."""
    head: Literal["crf", "softmax"] = "crf"
    """How tags are chosen: a linear-chain CRF scores whole sequences; "softmax" scores each tag
    by itself, and legal sequences alone are possible."""
    decoding: Literal["entities", "tags"] = "entities"
    """What is chosen: "entities" whose probability, over all sequences of tags, is over
    `min_probability`; or the most probable sequence of "tags" (Viterbi)."""
    min_probability: Annotated[float, Share] = 0.4
    """Probability over which an entity is taken: half of the F1 to be expected gives the highest
    F1. A higher one gives a better precision, a lower one a better recall."""
    embedding_dropout: Annotated[float, Share] = 0.3
    """Share of embedding features dropped in training."""
    piece_dropout: Annotated[float, Share] = 0.1
    """Share of pieces whose embedding is set to zero in training."""
    ngram_dropout: Annotated[float, Share] = 0.3
    """Share of n-grams of pieces treated as unknown in training."""
    ngram_row_dropout: Annotated[float, Share] = 0.4
    """Share of sentences whose n-grams of pieces are all treated as unknown in training."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped between layers and before the tags in training."""


def describe_tagger(settings: TaggerSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    head = {"crf": "CRF", "softmax": "softmax"}[settings.head]
    return f"{settings.layers}-layer {direction}{cell}-{settings.units} with a {head} head"


@dataclasses.dataclass(frozen=True)
class TranslatorSettings:
    """Architecture of the translator."""

    architecture: Literal["rnn", "attention", "transformer"] = "attention"
    """Kind of encoder-decoder. "rnn" gives the decoder only the last states of the encoder;
    "attention" lets it attend to every source position; "transformer" has no recurrence."""
    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """Recurrent cell. Not used by the Transformer."""
    units: Annotated[int, AtLeast(1)] = 256
    """Width of the decoder's state, and of both directions of the encoder together (an even
    number); for the Transformer the width of all vectors (a multiple of `heads`)."""
    layers: Annotated[int, AtLeast(1)] = 2
    """Number of layers (or Transformer blocks) of the encoder, and of the decoder."""
    embedding_size: Annotated[int, AtLeast(1)] = 256
    """Width of the piece embeddings; the Transformer's are `units` wide."""
    attention: Literal["additive", "dot", "general"] = "general"
    """How a decoder state and a source position are compared: additive (Bahdanau et al. 2015), dot
    or general (Luong et al. 2015). Only with --architecture attention."""
    input_feeding: bool = False
    """The attentional vector of the step before is an input, too (Luong et al. 2015). Training then
    computes one step after the other, which is slower. Only with --architecture attention."""
    heads: Annotated[int, AtLeast(1)] = 4
    """Attention heads of a Transformer block."""
    feed_forward: Annotated[int, AtLeast(1)] = 1024
    """Width of the hidden layer of a Transformer block."""
    tied_softmax: bool = True
    """The softmax shares its weights with the target embeddings."""
    embedding_dropout: Annotated[float, Share] = 0.2
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.2
    """Share of state features dropped between layers, in Transformer blocks and before the
    softmax in training."""
    attention_dropout: Annotated[float, Share] = 0.1
    """Share of attention weights dropped in Transformer blocks in training."""


def describe_translator(settings: TranslatorSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    if settings.architecture == "transformer":
        return f"{settings.layers}-layer Transformer-{settings.units} with {settings.heads} heads"
    cell = CELL_NAMES[settings.cell]
    shape = f"{settings.layers}-layer {cell}-{settings.units} encoder-decoder"
    if settings.architecture == "rnn":
        return f"{shape} without attention"
    feeding = " and input feeding" if settings.input_feeding else ""
    return f"{shape} with {settings.attention} attention{feeding}"


@dataclasses.dataclass(frozen=True)
class LanguageModelSettings:
    """Architecture of the language model."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """Recurrent cell. "irnn" is a ReLU RNN whose recurrent weights start as the identity matrix."""
    units: Annotated[int, AtLeast(1)] = 512
    """Width of the hidden state of a layer."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection)."""
    embedding_size: Annotated[int, AtLeast(1)] = 128
    """Width of the embeddings of characters."""
    tied_softmax: bool = False
    """The softmax shares its weights with the embeddings; a linear layer first projects the state
    to their width."""
    embedding_dropout: Annotated[float, Share] = 0.1
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.3
    """Share of state features dropped between layers and before the softmax in training."""


def describe_language_model(settings: LanguageModelSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    tied = " with a tied softmax" if settings.tied_softmax else ""
    return f"{settings.layers}-layer {cell}-{settings.units}{tied}"


@dataclasses.dataclass(frozen=True)
class EncoderSettings:
    """Architecture of the encoder."""

    architecture: Literal["recurrent", "transformer"] = "recurrent"
    """Kind of encoder. "recurrent": one LSTM reads from the left and one from the right,
    separately, and each predicts the next piece in its direction (Peters et al. 2018);
    "transformer": self-attention, which predicts masked pieces (Devlin et al. 2019)."""
    units: Annotated[int, AtLeast(1)] = 264
    """Width of the state in one direction; for the Transformer the width of all vectors (a multiple
    of `heads`). Powers of two, such as 256, are slow on a CPU."""
    embedding_size: Annotated[int, AtLeast(1)] = 120
    """Width of the piece embeddings; the Transformer's are `units` wide."""
    ngrams: Literal["none", "syllable", "jamo"] = "jamo"
    """What is added to the embedding of a piece: nothing, embeddings of its syllables and pairs of
    syllables, or of these and its runs of 3 jamo."""
    max_ngrams: Annotated[int, AtLeast(1)] = 12
    """Maximum number of n-grams of a piece."""
    layers: Annotated[int, AtLeast(1)] = 4
    """Number of blocks of the Transformer."""
    heads: Annotated[int, AtLeast(1)] = 4
    """Attention heads of a block."""
    feed_forward: Annotated[int, AtLeast(1)] = 1024
    """Width of the hidden layer of a block."""
    embedding_dropout: Annotated[float, Share] = 0.1
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.1
    """Share of state features dropped before the softmax, and in Transformer blocks."""


def describe_encoder(settings: EncoderSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    if settings.architecture == "transformer":
        return f"{settings.layers}-layer Transformer-{settings.units}, masked language model"
    return f"two-way LSTM-{settings.units} language model"


@dataclasses.dataclass(frozen=True)
class FrameLabellerSettings:
    """Architecture of the model that labels frames."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """Recurrent cell. "irnn" is a ReLU RNN whose recurrent weights start as the identity matrix."""
    units: Annotated[int, AtLeast(1)] = 64
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "both"] = "forward"
    """"forward" is causal: it labels a frame while the video runs. "both" is bidirectional: it
    reads the whole video before it labels the first frame."""
    layers: Annotated[int, AtLeast(1)] = 2
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection)."""
    head: Literal["softmax", "crf"] = "softmax"
    """How labels are chosen: "softmax" scores each frame by itself; "crf", a linear-chain CRF,
    scores whole sequences and therefore needs the whole video."""
    squash: Annotated[float, AtLeast(0)] = 0.0
    """Standardised features x become asinh(squash * x), which compresses large values and spreads
    small ones: for velocities and the like, most of which are near 0. 0 leaves x as it is."""
    feature_dropout: Annotated[float, Share] = 0.1
    """Share of features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.3
    """Share of state features dropped between layers and before the labels in training."""

    @property
    def answers_at_once(self) -> bool:
        """Whether the label of a frame depends on nothing that comes after it."""
        return self.direction == "forward" and self.head == "softmax"


def describe_frame_labeller(settings: FrameLabellerSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional" if settings.direction == "both" else "causal"
    head = {"crf": "CRF", "softmax": "softmax"}[settings.head]
    return f"{settings.layers}-layer {direction} {cell}-{settings.units} with a {head} head"


@dataclasses.dataclass(frozen=True)
class CaptionerSettings:
    """Architecture of the captioner."""

    architecture: Literal["rnn", "attention"] = "attention"
    """Kind of decoder. "rnn" starts from the mean of the picture's features and sees nothing else
    of the picture (Vinyals et al. 2015); "attention" attends to the 7 x 7 places of the picture (Xu
    et al. 2015)."""
    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """Recurrent cell of the decoder."""
    units: Annotated[int, AtLeast(1)] = 384
    """Width of the decoder's state, of the features of a place as the decoder sees them, and of
    the hidden layer of additive attention."""
    layers: Annotated[int, AtLeast(1)] = 1
    """Number of layers of the decoder."""
    embedding_size: Annotated[int, AtLeast(1)] = 256
    """Width of the piece embeddings."""
    attention: Literal["additive", "dot", "general"] = "additive"
    """How a decoder state and a place are compared: additive (Bahdanau et al. 2015), dot or general
    (Luong et al. 2015). Only with --architecture attention."""
    input_feeding: bool = False
    """The attentional vector of the step before is an input, too (Luong et al. 2015). Training then
    computes one step after the other, which is slower. Only with --architecture attention."""
    even_attention: Annotated[float, AtLeast(0)] = 0.0
    """Weight of a loss that makes each place get an attention of about 1 over a whole caption
    (doubly stochastic attention, Xu et al. 2015, who use 1); not with input feeding."""
    tied_softmax: bool = True
    """The softmax shares its weights with the piece embeddings."""
    feature_dropout: Annotated[float, Share] = 0.3
    """Share of the picture's features dropped in training."""
    embedding_dropout: Annotated[float, Share] = 0.3
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.4
    """Share of state features dropped between layers and before the softmax in training."""


def describe_captioner(settings: CaptionerSettings) -> str:
    """Describes the architecture in a few words, for reports."""
    shape = f"{settings.layers}-layer {CELL_NAMES[settings.cell]}-{settings.units} decoder"
    if settings.architecture == "rnn":
        return f"{shape} without attention"
    feeding = " and input feeding" if settings.input_feeding else ""
    return f"{shape} with {settings.attention} attention over 7 × 7 places{feeding}"
