"""One contestant in a process of its own: python -m benchmarks.worker KIND NAME RUN BATCH THREADS.

A line on standard input starts one drawing; a line of JSON on standard output says how long it took. Two engines in one
process would share a thread pool and an allocator.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def main() -> int:
    """Serve until standard input ends; what libraries print goes to standard error."""
    kind, name, folder, batch, threads = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from benchmarks import contestants, peak
    from firstlight.run_folder import Run

    try:
        if kind == "peak":
            measure = peak.peak(int(threads))
            said = lambda: measure()  # noqa: E731
        else:
            task = contestants.Task(Run(Path(folder)), int(batch), int(threads))
            who = contestants.ENGINES if kind == "engine" else contestants.SYSTEMS
            draw = who[name](task)
            first = draw()
            said = lambda: timed(draw)  # noqa: E731
        print(json.dumps({"ready": True}), file=answers, flush=True)
    except Exception as error:
        print(
            json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}), file=answers, flush=True
        )
        return 1
    for line in sys.stdin:
        if line.startswith("save "):
            np.save(line.removeprefix("save ").strip(), first)
            print("{}", file=answers, flush=True)
        else:
            print(json.dumps(said()), file=answers, flush=True)
    return 0


def timed(draw: object) -> dict[str, float]:
    """Milliseconds of one drawing."""
    began = time.perf_counter()
    draw()  # type: ignore[operator]
    return {"ms": (time.perf_counter() - began) * 1000}


if __name__ == "__main__":
    sys.exit(main())
