"""Keeps a process that holds secrets from leaving them in files: no core dumps, no debugger of the same user."""

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4
_LIBC = ctypes.CDLL(None, use_errno=True)


def leave_no_core() -> None:
    """Switch core dumps off, for children too."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def keep_memory_to_ourselves() -> None:
    """Switch core dumps off, and keep other processes out of our memory and environment."""
    leave_no_core()
    if _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "core dumps can't be switched off")
    os.umask(0o077)
