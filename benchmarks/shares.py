"""Is an evaluation the same on Ray's workers, and how much sooner is it done? `python -m benchmarks shares`.

The pictures of a run are drawn and judged in one process held to one core, in one with every core, and by Ray's
workers, one for each core, in turn. A process begins to count once it has drawn a picture, so that starting Ray,
loading packages and opening the network are in none of the times. The classification accuracy score, which trains a
network where the command was given, is left out.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.race import ROOT, spread
from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run
from firstlight.telemetry import switch_off

WAYS = {"one core": "", "every core": "", "ray": "ray"}  # where shares are computed
WARMING = 4  # shares of one picture for each core, so that every worker has one


def measured(run: Run, per_class: int, rounds: int, file: Path | None) -> int:
    """Evaluate, tell, and return 0 where every figure is the same in all ways."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    found: dict[str, str] = {}
    for number in range(rounds):
        for way in WAYS:
            answer = asked(run, per_class, way)
            times[way].append(answer["seconds"])
            found.setdefault(answer["figures"], way)
            print(f"round {number}  {way:10} {answer['seconds']:7.1f} s", flush=True)
    ratios = {
        f"ray / {way}": spread([ray / one for ray, one in zip(times["ray"], times[way], strict=True)])
        for way in WAYS if way != "ray"
    }  # fmt: skip
    report = {
        "run": run.id, "pictures per class": per_class, "rounds": rounds, "cores": os.cpu_count(),
        "seconds": {way: spread(own) for way, own in times.items()}, "ratios": ratios, "figures alike": len(found) == 1,
    }  # fmt: skip
    for name, value in report.items():
        print(f"{name:20} {value}")
    if file:
        write_json(file, report)
    return 0 if len(found) == 1 else 1


def asked(run: Run, per_class: int, way: str) -> dict[str, Any]:
    """What a process of its own says of a copy of the run, which has no pictures yet. Raises ValueError."""
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        copy = Path(folder) / run.id
        shutil.copytree(run.folder, copy, ignore=shutil.ignore_patterns(run.quality.name, run.cache.name))
        command = [sys.executable, "-m", "benchmarks.shares", str(copy), str(per_class), way]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"the evaluation failed: {done.stderr.strip().splitlines()[-1:]}")
    return dict(json.loads(done.stdout))


def evaluated(run: Run, per_class: int, way: str) -> dict[str, Any]:
    """The seconds that it takes, and the figures as text, in which every bit of a number stands."""
    if way == "one core":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    from evaluator.quality.measures import quality
    from evaluator.quality.pictures import draw_some
    from firstlight.runtime import cores
    from jobs.shares import shares

    list(shares(WAYS[way], draw_some, [(run, 0, 1)] * (WARMING * cores())))
    began = time.perf_counter()
    found = quality(run, per_class, run.folder / "no pictures", WAYS[way])
    return {"seconds": time.perf_counter() - began, "figures": json.dumps(found)}


if __name__ == "__main__":
    switch_off()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps(evaluated(Run(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3])), file=answers)
