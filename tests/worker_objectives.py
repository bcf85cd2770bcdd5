"""Objectives that worker processes of the tests load, by the name of this module."""

import ctypes
import os
import time

import numpy as np

from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]


def hangs_in_c(outputs):
    """The height, but for high ones a call into C that no Python signal handler interrupts."""
    scores = height(outputs)
    if max(scores) > 1:
        ctypes.PyDLL(None).sleep(1000)  # PyDLL keeps Python's lock meanwhile
    return scores


def slow_height(outputs):
    time.sleep(0.05)
    return height(outputs)


def sometimes(outputs):
    if any(x[0, 0] < 0 for x in outputs):
        raise ValueError("negative")
    return height(outputs)


def dies(outputs):
    if any(x[0, 0] < 0 for x in outputs):
        os._exit(7)
    return height(outputs)


def hangs_and_dies(outputs):
    """Hang at the first example and die at the second."""
    first, second = (Stretch().example(name) for name in EXAMPLES[:2])
    if any(np.allclose(x, first) for x in outputs):
        time.sleep(60)
    if any(np.allclose(x, second) for x in outputs):
        os._exit(7)
    return height(outputs)
