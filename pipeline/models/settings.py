"""Settings of the models; here so that reading them does not import keras."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pipeline.ranges import AtLeast, Between, Share, UserFiles

CELL_NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN", "irnn": "ReLU RNN"}
"""What cells are called in reports and pictures."""


@dataclasses.dataclass(frozen=True)
class ClassifierSettings:
    """The shape of the classifier."""

    cell: Literal["lstm", "gru", "rnn", "irnn", "bag"] = "lstm"
    """What runs over the pieces. "irnn" is a ReLU RNN started at the identity; "bag" has no
    recurrence at all: the mean and maximum of the embeddings, the baseline."""
    units: Annotated[int, AtLeast(1)] = 264
    """Width of the hidden state in one direction. Powers of two, as 256, are slow on a CPU
    (`python -m benchmarks.recurrent_peak`)."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection) where the widths agree."""
    embedding_size: Annotated[int, AtLeast(1)] = 120
    """Width of the piece embeddings."""
    ngrams: Literal["none", "syllable", "jamo"] = "jamo"
    """What a piece's embedding borrows from: nothing, its syllables and pairs of syllables, or
    these and its runs of 3 jamo. Costs time in training, nothing when served."""
    max_ngrams: Annotated[int, AtLeast(1)] = 12
    """N-grams of a piece, at most."""
    pooling: Literal["last", "mean", "max", "attention", "max+mean"] = "max+mean"
    """How one vector is made of the states of all pieces."""
    embedding_dropout: Annotated[float, Share] = 0.5
    """Share of embedding features dropped in training."""
    piece_dropout: Annotated[float, Share] = 0.1
    """Share of pieces of which nothing is read in training."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped between layers and before the logits in training."""


def describe(settings: ClassifierSettings) -> str:
    """The shape in a few words, for reports."""
    if settings.cell == "bag":
        return f"bag of embeddings, {settings.embedding_size} wide"
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    return f"{settings.layers}-layer {direction}{cell}-{settings.units}"


@dataclasses.dataclass(frozen=True)
class StartSettings:
    """What the model starts from."""

    encoder: Annotated[str, UserFiles] = "none"
    """A pretrained encoder: `bundled` for the one that comes with the project, the name of
    another one or of a run of make pretrain, a folder, or `none` to start from nothing. Its pieces
    are taken over, and its embeddings and recurrent layer are what the model starts with."""


@dataclasses.dataclass(frozen=True)
class FineTuningSettings:
    """How what an encoder brought is learnt on."""

    encoder_rate: Annotated[float, Between(0, 1)] = 1.0
    """Its learning rate, as a part of that of the rest; 0 leaves it as it is."""


@dataclasses.dataclass(frozen=True)
class TaggerSettings:
    """The shape of the tagger."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What runs over the pieces. "irnn" is a ReLU RNN started at the identity."""
    units: Annotated[int, AtLeast(1)] = 160
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Reading direction; "both" is a bidirectional layer."""
    layers: Annotated[int, AtLeast(0)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection). 0: what runs over the pieces is the encoder alone."""
    embedding_size: Annotated[int, AtLeast(1)] = 64
    """Width of the piece embeddings."""
    ngram_size: Annotated[int, AtLeast(1)] = 32
    """Width of the embeddings of runs of pieces."""
    head: Literal["crf", "softmax"] = "crf"
    """How tags are chosen: a linear-chain CRF scores whole sequences; "softmax" scores each tag
    by itself, and the best legal sequence is taken."""
    embedding_dropout: Annotated[float, Share] = 0.3
    """Share of embedding features dropped in training."""
    piece_dropout: Annotated[float, Share] = 0.1
    """Share of pieces of which nothing is read in training."""
    ngram_dropout: Annotated[float, Share] = 0.3
    """Share of runs of pieces taken for unknown in training."""
    ngram_row_dropout: Annotated[float, Share] = 0.4
    """Share of sentences of which all runs of pieces are taken for unknown in training."""
    state_dropout: Annotated[float, Share] = 0.5
    """Share of state features dropped between layers and before the tags in training."""


def describe_tagger(settings: TaggerSettings) -> str:
    """The shape in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional " if settings.direction == "both" else ""
    head = {"crf": "CRF", "softmax": "softmax"}[settings.head]
    return f"{settings.layers}-layer {direction}{cell}-{settings.units} with a {head} head"


@dataclasses.dataclass(frozen=True)
class TranslatorSettings:
    """The shape of the translator."""

    architecture: Literal["rnn", "attention", "transformer"] = "attention"
    """What turns a source into a target. "rnn" hands the decoder the encoder's last states and
    nothing else; "attention" lets it look at every source position; "transformer" has no
    recurrence."""
    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What runs over the pieces; not of the Transformer."""
    units: Annotated[int, AtLeast(1)] = 256
    """Width of the decoder's state, and of both directions of the encoder together (even); of
    all vectors of the Transformer (a multiple of `heads`)."""
    layers: Annotated[int, AtLeast(1)] = 2
    """How many layers or blocks the encoder and the decoder have each."""
    embedding_size: Annotated[int, AtLeast(1)] = 256
    """Width of the piece embeddings; the Transformer's are `units` wide."""
    attention: Literal["additive", "dot", "general"] = "general"
    """How a decoder state and a source position are compared: additive (Bahdanau et al. 2015),
    dot or general (Luong et al. 2015). Of "attention" alone."""
    input_feeding: bool = False
    """What was predicted from at the step before is read too (Luong et al. 2015). Time is then
    walked step by step in training as well, which costs. Of "attention" alone."""
    heads: Annotated[int, AtLeast(1)] = 4
    """Attention heads of a Transformer block."""
    feed_forward: Annotated[int, AtLeast(1)] = 1024
    """Width of the hidden layer of a Transformer block."""
    tied_softmax: bool = True
    """The softmax has the target embeddings for its weights."""
    embedding_dropout: Annotated[float, Share] = 0.2
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.2
    """Share of state features dropped between layers, in Transformer blocks and before the
    softmax in training."""
    attention_dropout: Annotated[float, Share] = 0.1
    """Share of attention weights dropped in Transformer blocks in training."""


def describe_translator(settings: TranslatorSettings) -> str:
    """The shape in a few words, for reports."""
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
    """The shape of the language model."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What runs over the characters. "irnn" is a ReLU RNN started at the identity."""
    units: Annotated[int, AtLeast(1)] = 512
    """Width of the hidden state of a layer."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection)."""
    embedding_size: Annotated[int, AtLeast(1)] = 128
    """Width of the embeddings of characters."""
    tied_softmax: bool = False
    """The softmax has the embeddings for its weights; the state is first brought to their
    width."""
    embedding_dropout: Annotated[float, Share] = 0.1
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.3
    """Share of state features dropped between layers and before the softmax in training."""


def describe_language_model(settings: LanguageModelSettings) -> str:
    """The shape in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    tied = " with a tied softmax" if settings.tied_softmax else ""
    return f"{settings.layers}-layer {cell}-{settings.units}{tied}"


@dataclasses.dataclass(frozen=True)
class EncoderSettings:
    """The shape of the encoder."""

    architecture: Literal["recurrent", "transformer"] = "recurrent"
    """What reads a text. "recurrent": an LSTM from the left and one from the right that never see
    each other, so that each can be asked for the next piece on its side (Peters et al. 2018);
    "transformer": self-attention, which guesses hidden pieces (Devlin et al. 2019)."""
    units: Annotated[int, AtLeast(1)] = 264
    """Width of the state in one direction; of all vectors of the Transformer (a multiple of
    `heads`). Powers of two, as 256, are slow on a CPU."""
    embedding_size: Annotated[int, AtLeast(1)] = 120
    """Width of the piece embeddings; the Transformer's are `units` wide."""
    ngrams: Literal["none", "syllable", "jamo"] = "jamo"
    """What a piece's embedding borrows from: nothing, its syllables and pairs of syllables, or
    these and its runs of 3 jamo."""
    max_ngrams: Annotated[int, AtLeast(1)] = 12
    """N-grams of a piece, at most."""
    layers: Annotated[int, AtLeast(1)] = 4
    """Blocks of the Transformer."""
    heads: Annotated[int, AtLeast(1)] = 4
    """Attention heads of a block."""
    feed_forward: Annotated[int, AtLeast(1)] = 1024
    """Width of the hidden layer of a block."""
    embedding_dropout: Annotated[float, Share] = 0.1
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.1
    """Share of state features dropped before the softmax, and in Transformer blocks."""


def describe_encoder(settings: EncoderSettings) -> str:
    """The shape in a few words, for reports."""
    if settings.architecture == "transformer":
        return f"{settings.layers}-layer Transformer-{settings.units}, masked language model"
    return f"two-way LSTM-{settings.units} language model"


@dataclasses.dataclass(frozen=True)
class FrameLabellerSettings:
    """The shape of the model that labels frames."""

    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What runs over the frames. "irnn" is a ReLU RNN started at the identity."""
    units: Annotated[int, AtLeast(1)] = 64
    """Width of the hidden state in one direction."""
    direction: Literal["forward", "both"] = "forward"
    """"forward" is causal: it answers while the video runs. "both" is bidirectional: it reads the
    whole video before it answers."""
    layers: Annotated[int, AtLeast(1)] = 2
    """How many recurrent layers are stacked; from the second on each adds its input to its
    output (a residual connection)."""
    head: Literal["softmax", "crf"] = "softmax"
    """How labels are chosen: "softmax" chooses that of each frame by itself; a linear-chain CRF
    scores whole sequences, for which it waits until the video ends."""
    squash: Annotated[float, AtLeast(0)] = 0.0
    """Standardised features x become asinh(squash * x), which brings the largest nearer and
    spreads the smallest: for velocities and the like, most of which are near 0. 0 leaves them."""
    feature_dropout: Annotated[float, Share] = 0.1
    """Share of features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.3
    """Share of state features dropped between layers and before the labels in training."""

    @property
    def answers_at_once(self) -> bool:
        """Whether the label of a frame depends on nothing that comes after it."""
        return self.direction == "forward" and self.head == "softmax"


def describe_frame_labeller(settings: FrameLabellerSettings) -> str:
    """The shape in a few words, for reports."""
    cell = CELL_NAMES[settings.cell]
    direction = "bidirectional" if settings.direction == "both" else "causal"
    head = {"crf": "CRF", "softmax": "softmax"}[settings.head]
    return f"{settings.layers}-layer {direction} {cell}-{settings.units} with a {head} head"


@dataclasses.dataclass(frozen=True)
class CaptionerSettings:
    """The shape of the captioner."""

    architecture: Literal["rnn", "attention"] = "attention"
    """What turns a picture into a caption. "rnn" begins the decoder with the mean of the picture's
    features and shows it nothing else (Vinyals et al. 2015); "attention" lets it look at each of
    the picture's 7 x 7 places (Xu et al. 2015)."""
    cell: Literal["lstm", "gru", "rnn", "irnn"] = "lstm"
    """What writes the caption."""
    units: Annotated[int, AtLeast(1)] = 384
    """Width of the decoder's state, of the features of a place as the decoder sees them, and of
    the hidden layer of additive attention."""
    layers: Annotated[int, AtLeast(1)] = 1
    """How many layers the decoder has."""
    embedding_size: Annotated[int, AtLeast(1)] = 256
    """Width of the piece embeddings."""
    attention: Literal["additive", "dot", "general"] = "additive"
    """How a decoder state and a place are compared: additive (Bahdanau et al. 2015), dot or
    general (Luong et al. 2015). Of "attention" alone."""
    input_feeding: bool = False
    """What was predicted from at the step before is read too (Luong et al. 2015). Time is then
    walked step by step in training as well, which costs. Of "attention" alone."""
    even_attention: Annotated[float, AtLeast(0)] = 0.0
    """Weight of a loss that wants each place to be looked at once in a caption (doubly stochastic
    attention, Xu et al. 2015, whose weight is 1); not with input feeding."""
    tied_softmax: bool = True
    """The softmax has the piece embeddings for its weights."""
    feature_dropout: Annotated[float, Share] = 0.3
    """Share of the picture's features dropped in training."""
    embedding_dropout: Annotated[float, Share] = 0.3
    """Share of embedding features dropped in training."""
    state_dropout: Annotated[float, Share] = 0.4
    """Share of state features dropped between layers and before the softmax in training."""


def describe_captioner(settings: CaptionerSettings) -> str:
    """The shape in a few words, for reports."""
    shape = f"{settings.layers}-layer {CELL_NAMES[settings.cell]}-{settings.units} decoder"
    if settings.architecture == "rnn":
        return f"{shape} without attention"
    feeding = " and input feeding" if settings.input_feeding else ""
    return f"{shape} with {settings.attention} attention over 7 × 7 places{feeding}"
