"""Random numbers as a pure function of a seed and a position.

`keras.random` takes its seed as a Python number or from a variable that counts; inside an exported
graph the seed is an input, and a row's numbers must not depend on how many rows there are.
"""

from __future__ import annotations

from numbers import Integral

from keras import ops

from pipeline.decoding.step import Tensor

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def threefry(key: tuple[Tensor, Tensor], counter: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Threefry-2x32 with 20 rounds: Salmon et al. 2011, "Parallel random numbers: as easy as
    1, 2, 3", section 4.2.

    Args:
        key, counter: two uint32 tensors each; the shapes broadcast.

    Returns:
        Two uint32 tensors of random bits.
    """
    parity = ops.convert_to_tensor(PARITY, dtype="uint32")
    keys = (*key, ops.bitwise_xor(ops.bitwise_xor(key[0], key[1]), parity))
    left, right = counter[0] + keys[0], counter[1] + keys[1]
    for turn in range(20):
        left = left + right
        right = ops.bitwise_xor(_rotate(right, ROTATIONS[turn % 8]), left)
        if turn % 4 == 3:
            injection = turn // 4 + 1
            left = left + keys[injection % 3]
            right = right + keys[(injection + 1) % 3] + _uint32(injection)
    return left, right


def uniform(seed: int | Tensor, position: Tensor, numbers: Tensor) -> Tensor:
    """One number in [0, 1) for each row: float32 [rows], multiples of 2^-24.

    Args:
        seed: any int, of which 64 bits count, or an int32 scalar.
        position: int32 scalar.
        numbers: int32 [rows], which row each is.
    """
    key = _words(seed)
    counter = (ops.cast(numbers, "uint32"), ops.cast(position, "uint32"))
    bits, _ = threefry(key, counter)
    return ops.cast(ops.right_shift(bits, _uint32(8)), "float32") * 2.0**-24


def _words(seed: int | Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(seed, Integral):
        seed = int(seed)
        return _uint32(seed & 0xFFFFFFFF), _uint32(seed >> 32 & 0xFFFFFFFF)
    seed = ops.cast(ops.convert_to_tensor(seed), "int32")
    # a Python number with this sign has the same bits above
    above = ops.where(seed < 0, _uint32(0xFFFFFFFF), _uint32(0))
    return ops.cast(seed, "uint32"), above


def _rotate(bits: Tensor, by: int) -> Tensor:
    left, right = ops.left_shift(bits, _uint32(by)), ops.right_shift(bits, _uint32(32 - by))
    return ops.bitwise_or(left, right)


def _uint32(value: int) -> Tensor:
    return ops.convert_to_tensor(value, dtype="uint32")
