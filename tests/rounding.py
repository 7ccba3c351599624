"""How near two float32 computations of one number come, each of which may add in another order.

Processors, numbers of threads and versions of TensorFlow add in other orders, so that a limit of a
few units in the last place holds on one machine and fails on the next. A fault is far larger.

    np.testing.assert_allclose(ours, theirs, **FLOAT32)
"""

from __future__ import annotations

FLOAT32 = {"rtol": 1e-5, "atol": 5e-6}  # some 40 units in the last place of 1
