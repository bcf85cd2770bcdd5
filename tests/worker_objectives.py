"""Objectives that worker processes of the tests load by name."""

import ctypes
import json
import os
import time

from toys import height


def _log(outputs):
    path = os.environ.get("LSBE_TEST_LOG")
    if path is None:
        return
    with open(path, "ab", buffering=0) as log:
        for x in outputs:
            log.write(json.dumps(x.ravel()[:4].tolist()).encode() + b"\n")


def logged(outputs):
    """The height, slowly, with a line in a file for each evaluation that begins."""
    _log(outputs)
    time.sleep(0.05)
    return height(outputs)


def slow(outputs):
    """The height after a second, with a line in a file as it begins."""
    _log(outputs)
    time.sleep(1.0)
    return height(outputs)


def hangs_in_c(outputs):
    """The height, but for high ones a call into C that no Python signal handler interrupts."""
    scores = height(outputs)
    if max(scores) > 1:
        ctypes.PyDLL(None).sleep(1000)  # PyDLL keeps Python's lock meanwhile
    return scores


def dies(outputs):
    """No score: the process is gone."""
    os._exit(7)


def fails(outputs):
    """No score, whatever it is."""
    raise RuntimeError("licence expired")
