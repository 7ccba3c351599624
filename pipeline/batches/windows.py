"""Batches of windows of a long series; a window is copied only when its batch is made."""

from __future__ import annotations

import keras
import numpy as np


class Windows(keras.utils.PyDataset):
    """Batches of one epoch. The order is a pure function of (seed, epoch).

    Args:
        series: float32 [steps, channels]; may be mapped from a file.
        starts: int [windows], the first step of each.
        window, horizon: steps that are read, and steps behind them that are forecast.
        batch_size: windows a batch; the last one may have fewer, and none is left out.
        seed: with `epoch`, decides the order; None keeps that of `starts`.
        epoch: number of the epoch.
        reads_future: whether what is forecast is an input, too (teacher forcing).

    Each item is ({"history": float32 [batch, window, channels]}, float32 [batch, horizon,
    channels]); with `reads_future` the second is also the input "future".
    """

    def __init__(
        self,
        series: np.ndarray,
        starts: np.ndarray,
        window: int,
        horizon: int,
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        reads_future: bool = False,
    ):
        super().__init__()
        longest = window + horizon
        if len(starts) and not 0 <= np.min(starts) <= np.max(starts) <= len(series) - longest:
            raise ValueError(f"a window of {longest} steps ends behind the last of {len(series)}")
        self._views = np.lib.stride_tricks.sliding_window_view(series, longest, axis=0)
        self.starts = np.asarray(starts)
        if seed is not None:
            self.starts = np.random.default_rng((seed, epoch)).permutation(self.starts)
        self.window, self.batch_size, self.reads_future = window, batch_size, reads_future

    def __len__(self) -> int:
        return -(-len(self.starts) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        starts = self.starts[index * self.batch_size : (index + 1) * self.batch_size]
        # [batch, channels, steps] to [batch, steps, channels]
        windows = np.ascontiguousarray(self._views[starts].transpose(0, 2, 1))
        future = windows[:, self.window :]
        inputs = {"history": windows[:, : self.window]}
        return ({**inputs, "future": future} if self.reads_future else inputs), future
