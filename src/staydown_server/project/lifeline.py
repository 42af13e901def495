"""A child that outlives its parent would keep the port and the database: it must not."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, however that happens."""
    if os.environ.get("STAYDOWN_SUPERVISED"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
