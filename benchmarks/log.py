"""How fast a run is recorded while somebody reads it: `python -m benchmarks record`.

Both sides count: the loop that logs must not wait, and the reader, a process of its own, must see the curve all the
while. Afterwards every value is compared with what was logged.
"""

import json
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import firstlight
from firstlight.atomic_writes import write_json
from firstlight.run_folder import Run

VALUES = np.random.default_rng(0).random(1 << 20)  # the value of metric n at step s is number s + 7919 n of these
METRICS = tuple(f"group/metric-{number}" for number in range(10))
READER = """
import json, sys, time
from pathlib import Path
from store.database import Archive
archive, lags, problems = Archive(Path(sys.argv[1])), [], 0
while not Path(sys.argv[2]).exists():
    began = time.perf_counter()
    frame = archive.ask("losses", runs=["logged"], metric=sys.argv[3])
    lags.append(time.perf_counter() - began)
    problems += archive.entry("logged").damaged
    print(json.dumps({"seconds": lags, "points": len(frame), "damaged": problems}), flush=True)
    time.sleep(2)
"""


def measured(seconds: float, rate: int, file: Path | None) -> int:
    """Log, tell, and return 0 where every value is there. rate: calls a second; 0: as many as it takes."""
    with tempfile.TemporaryDirectory(prefix="firstlight-") as folder:
        report = raced(Path(folder), seconds, rate)
    for name, value in report.items():
        print(f"{name:28} {value}")
    if file:
        write_json(file, report)
    return 0 if report["all values there"] and not report["reader saw damage"] else 1


def raced(root: Path, seconds: float, rate: int) -> dict[str, Any]:
    """Log ten metrics a call beside a reader, and compare what is on the disk with what was logged."""
    done = root / "done"
    with subprocess.Popen(
        [sys.executable, "-c", READER, root, done, METRICS[0]], stdout=subprocess.PIPE, text=True
    ) as reader:
        run = firstlight.record("logged", dataset="none", classes=None, size=8, runs=root)
        spent, cpu = time.perf_counter(), time.process_time()
        took = np.array(calls(run.log, seconds, rate))
        spent, cpu = time.perf_counter() - spent, time.process_time() - cpu
        began = time.perf_counter()
        run.finish()
        ending = time.perf_counter() - began
        done.touch()
        seen = json.loads((reader.communicate()[0].splitlines() or ["{}"])[-1])
    waits = seen.get("seconds", [0.0])
    return {
        "calls": len(took), "calls/s": round(len(took) / spent), "calls/s of CPU time": round(len(took) / cpu),
        **{f"p{at:g} of a call, us": round(float(np.percentile(took, at)) * 1e6) for at in (50, 99, 99.9, 100)},
        "finish, s": round(ending, 2), "all values there": whole(run.run, len(took)),
        "bytes a value": round(run.run.metrics.stat().st_size / len(took) / len(METRICS), 2),
        "reader's answers": len(waits), "reader saw damage": seen.get("damaged", 0),
        "reader's slowest, s": round(max(waits), 2),
    }  # fmt: skip


def calls(log: Any, seconds: float, rate: int) -> "array[float]":
    """Seconds that each call took. At a rate, a call that comes late is followed at once by the next."""
    took, clock = array("d"), time.perf_counter
    began = now = clock()
    step, table, mask = 0, VALUES.tolist(), len(VALUES) - 1
    places = [(name, 7919 * number) for number, name in enumerate(METRICS)]
    while now - began < seconds:
        if rate and step > (now - began) * rate:
            time.sleep(0.0005)
            now = clock()
            continue
        values = {name: table[(step + place) & mask] for name, place in places}
        now = clock()
        log(step, values)
        then = clock()
        took.append(then - now)
        now = then
        step += 1
    return took


def whole(run: Run, count: int) -> bool:
    """Whether every value is in the file, once, and the right one."""
    rows = 0
    for table in tables(run.metrics):
        number = table["metric"].combine_chunks().dictionary_encode()
        place = np.array([7919 * METRICS.index(name) for name in number.dictionary.to_pylist()])[number.indices]
        if not np.array_equal(table["value"].to_numpy(), VALUES[(table["step"].to_numpy() + place) % len(VALUES)]):
            return False
        rows += table.num_rows
    return rows == count * len(METRICS) and not list(run.folder.glob("metrics-*"))


def tables(path: Path) -> Iterator[Any]:
    """The row groups of a file."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)
