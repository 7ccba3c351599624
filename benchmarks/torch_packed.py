"""PyTorch's side of benchmarks/training_speed.py; needs a Python with torch."""

import json
import sys
import time

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Classifier(torch.nn.Module):
    def __init__(self, pieces: int, size: int, units: int):
        super().__init__()
        self.embedding = torch.nn.Embedding(pieces, size, padding_idx=0)
        self.lstm = torch.nn.LSTM(size, units, bidirectional=True, batch_first=True)
        self.logits = torch.nn.Linear(2 * units, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embedding(ids), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.logits(states.sum(1) / lengths[:, None])


def main() -> None:
    path, sizes = sys.argv[1], json.loads(sys.argv[2])
    with np.load(path, allow_pickle=False) as stored:
        batches = [
            tuple(torch.from_numpy(stored[f"{k}{i}"]).long() for k in ("ids", "lengths", "labels"))
            for i in range(sizes["steps"])
        ]
    model = Classifier(sizes["pieces"], sizes["size"], sizes["units"])
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in sys.stdin:
        started = time.perf_counter()
        for ids, lengths, labels in batches:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(ids, lengths), labels).backward()
            optimizer.step()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
