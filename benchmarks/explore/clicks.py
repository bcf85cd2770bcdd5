"""How soon is the first gallery there, and how soon and in what memory is a click answered?

    python benchmarks/explore/clicks.py --clicks 20,200

The command is run as a person would, ``lsbe explore airfoil --examples naca2412,s1223,rae2822``,
and spoken to as its page does. Written are

- the processor's seconds and the wall clock's from the command until nine outputs can be seen,
- those of a click on a picture, until the nine around it can be seen, the median of all,
- the resident memory after so many clicks, the first of them and the last.

An output that fails counts as seen once the page says why, and how many did is written too.

On busy cores the wall clock says little, the processor's seconds still do. Linux alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

RESULTS = Path(__file__).parents[1] / "results" / "explore"
EXAMPLES = "naca2412,s1223,rae2822"
PATIENCE = 60.0  # seconds in which nine outputs are seen, or the run ends


class Page:
    """A page without a browser: its events are read, its commands are sent."""

    def __init__(self, address):
        self._host = urlsplit(address).netloc
        self._token = address.partition("token=")[2]
        events = http.client.HTTPConnection(self._host, timeout=60)
        events.request("GET", "/events/bench", headers={"X-Token": self._token})
        self._events = events.getresponse()

    def post(self, path, body):
        connection = http.client.HTTPConnection(self._host, timeout=60)
        headers = {"X-Token": self._token, "Content-Type": "application/json"}
        connection.request("POST", path, body=json.dumps(body), headers=headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def see(self, items):
        """Wait until every item can be seen or has failed; return how many failed."""
        settled = {item["key"]: item["error"] for item in items if item["ready"] or item["error"]}
        keys = {item["key"] for item in items}
        self.post("/wanted/bench", sorted(keys))
        begun = time.monotonic()
        while missing := keys - settled.keys():
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError(f"not within {PATIENCE:.0f} s: {sorted(missing)}")
            line = self._events.readline().decode()
            if line.startswith("data: "):
                made = json.loads(line[6:]).get("made", {})
                if made.get("ready") or made.get("error"):
                    settled[made["key"]] = made.get("error")
        return sum(settled[key] is not None for key in keys)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def measured(folder, counts):
    words = ["explore", "airfoil", "--examples", EXAMPLES, "--out", f"{folder}/run", "--no-browser"]
    command = [sys.executable, "-m", "latent_spaces_by_example", *words]
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = next(line for line in process.stdout if line.startswith("page: ")).split()[1]
        page = Page(address)
        items = page.post("/do/state", {})["gallery"]
        num_failed = page.see(items)
        first = cpu_seconds(process.pid), time.monotonic() - begun
        clicks, memory, rng = [], {}, np.random.default_rng(0)
        for number in range(1, max(counts) + 1):
            key = items[int(rng.integers(len(items)))]["key"]
            cpu, wall = cpu_seconds(process.pid), time.monotonic()
            asked = {"key": key, "angle": 0.3, "turn": number % 50}
            items = page.post("/do/around", asked)["items"]
            num_failed += page.see(items)
            clicks.append((cpu_seconds(process.pid) - cpu, time.monotonic() - wall))
            if number in counts:
                memory[number] = megabytes(process.pid)
    finally:
        process.kill()
        process.wait()
    return first, np.median(clicks, axis=0), memory, num_failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", default="20,200", help="after how many memory is read")
    counts = [int(count) for count in parser.parse_args().clicks.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        first, click, memory, num_failed = measured(folder, counts)
    rows = [
        ("first gallery, from the command", *(f"{seconds:.2f} s" for seconds in first)),
        (
            f"a click on a picture, median of {max(counts)}",
            *(f"{seconds:.3f} s" for seconds in click),
        ),
    ]
    lines = ["| | processor | wall clock |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    used = ", ".join(f"{size:.0f} MiB after {number} clicks" for number, size in memory.items())
    load = os.getloadavg()[0]
    text = f"# How soon the page answers\n\n{chr(10).join(lines)}\n\nResident memory: {used}.\n"
    text += f"Outputs that failed: {num_failed}.\n"
    text += f"Measured with a load of {load:.1f} on {os.cpu_count()} cores.\n"
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "clicks.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
