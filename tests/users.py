"""Somebody who is not root, for tests of what may not be written."""

import os
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def as_somebody_else():
    """Root may write everywhere; the test needs somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
