"""Do several processes take the steps that one takes? `python -m benchmarks processes`.

The first steps of a recipe, in float32, on the 5,000 digits that need no download: once in one process, once in several
from the start, once in several for half of the way and in one for the rest.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from firstlight.atomic_writes import write_json
from firstlight.installation import HOME
from firstlight.run_folder import Run

WITHIN = 1e-4  # relative: float32 sums in another order, over so many steps
DONE = re.compile(r" (\d+)/\d+ \[")  # of the progress bar


def measured(preset: str, processes: int, steps: int, file: Path | None) -> int:
    """Train, tell, and return 0 where every loss is within `WITHIN` of that of one process."""
    start = ["train", "--preset", preset, "--dataset", "digits5000", "--snapshots", "0"]
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        runs = Path(folder)
        walk(runs, [*start, "--id", "one"], steps)
        walk(runs, [*start, "--id", "several", "--processes", str(processes)], steps)
        walk(runs, [*start, "--id", "resumed", "--processes", str(processes)], steps // 2)
        walk(runs, ["resume", "resumed"], steps)
        one = losses(runs, "one", steps)
        differences = {name: apart(one, losses(runs, name, steps)) for name in ("several", "resumed")}
    report = {"preset": preset, "processes": processes, "steps": steps, "largest relative difference": differences}
    for name, value in report.items():
        print(f"{name:28} {value}")
    if file:
        write_json(file, report)
    return 0 if max(differences.values()) < WITHIN else 1


def walk(runs: Path, words: list[str], steps: int) -> None:
    """Run a command of the trainer until it has taken so many steps, and stop it as Ctrl-C does."""
    command = [sys.executable, "-m", "trainer", *words, "--runs", str(runs), "--threads", "1"]
    environment = os.environ | {"ACCELERATE_MIXED_PRECISION": "no", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=HOME, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told, last = "", 0
        while part := os.read(process.stderr.fileno(), 4096).decode(errors="replace"):
            told = (told + part)[-4096:]
            now = max([last, *map(int, DONE.findall(told))])
            if now >= steps > last:
                process.send_signal(signal.SIGINT)
            last = now
        if process.wait():
            raise ValueError(f"the training {' '.join(words)} failed: {told.strip().splitlines()[-1:]}")


def losses(runs: Path, name: str, steps: int) -> list[float]:
    """The losses of the first steps, which must all be there."""
    rows = pq.read_table(Run(runs / name).metrics).to_pylist()
    found = {row["step"]: row["value"] for row in rows if row["metric"] == "loss"}
    return [found[step] for step in range(1, steps + 1)]


def apart(one: list[float], other: list[float]) -> float:
    """The largest difference, as a share of the loss of one process."""
    return max(abs(b - a) / abs(a) for a, b in zip(one, other, strict=True))
