"""How fast many runs are read, against other trackers: `python -m benchmarks store`.

Every tracker holds the same runs (benchmarks/many_runs.py) and answers, warm, in turn: the list of all runs with the
last value of their loss and one setting; three losses of 2,000 points; how many are recognized at each step. Theirs are
asked over HTTP on this machine, as their own pages ask; ours in a process, as its pages ask, and never from the memory
of an answer. What they find is compared.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.many_runs import STEPS, card, losses, run_id, write_runs
from benchmarks.race import ROOT, Contestant, shown, spread
from firstlight.atomic_writes import write_json
from firstlight.run_state import moment

QUESTIONS = ("listed", "curves", "recognition")
PEERS = ("MLflow", "TensorBoard", "Trackio")
BATCH = 50  # runs handed over at once
TRIPLES = 5  # of runs whose curves are asked for, in turn
WITHIN = 1e-6  # relative: TensorBoard keeps float32


def measured(options: Any, machine: dict[str, Any]) -> int:
    """Fill, race, tell; 0 where every answer is the same. machine: what the report says of it."""
    report: dict[str, Any] = {**machine, "rounds": options.rounds, "rows": []}
    with tempfile.TemporaryDirectory(prefix="firstlight-") as own:
        folder = options.folder or Path(own)
        for count in options.counts:
            fill(folder, count, options)
            if not options.only_fill:
                report["rows"] += raced(folder, count, options)
            if options.pages:
                from benchmarks.pages import rows

                report["rows"] += rows(folder / f"ours-{count}", count, options.rounds)
    for line in told(report["rows"]):
        print(line, flush=True)
    if options.json:
        write_json(options.json, report)
    return 1 if any(row.get("unlike") for row in report["rows"]) else 0


def fill(folder: Path, count: int, options: Any) -> None:
    """The runs in every tracker, those that are filled already left as they are."""
    ours = folder / f"ours-{count}"
    write_runs(ours, count)
    for name in peers(options):
        place = folder / f"{name}-{count}"
        if (place / "filled").exists():
            continue
        place.mkdir(parents=True, exist_ok=True)
        with closing(started(name, place, options)) as tracker:
            for start in range(0, count, BATCH):
                runs = [told_of(number) for number in range(start, min(start + BATCH, count))]
                answer = tracker.ask(json.dumps({"do": "fill", "about": [runs]}))
                if "failed" in answer:
                    raise ValueError(f"{name} was not filled: {answer['failed']}")
        (place / "filled").touch()


def told_of(number: int) -> dict[str, Any]:
    """A run as another tracker takes it."""
    known = card(run_id(number), number)
    return {
        "id": run_id(number), "started": int(moment(known["started"]).timestamp() * 1000), "tags": known["tags"],
        "settings": known["settings"], "loss": losses(number).tolist(), "recognized": shares(number),
    }  # fmt: skip


def shares(number: int) -> list[float]:
    """The share of a run's drawings that is recognized to stay by each step, (STEPS + 1,)."""
    from benchmarks.many_runs import judged

    label, _, top, chance = judged(np.random.default_rng(number))
    hit = ((top == label) & (chance.astype(np.float32) >= np.float32(0.5))).reshape(-1, STEPS + 1)
    stays = np.cumprod(hit[:, ::-1], axis=1)[:, ::-1]
    return [float(share) for share in stays.mean(axis=0)]


def raced(folder: Path, count: int, options: Any) -> list[dict[str, Any]]:
    """A row for every tracker and question: milliseconds of the rounds, how often ours, what it takes to begin."""
    places = {"ours": folder / f"ours-{count}", **{name: folder / f"{name}-{count}" for name in peers(options)}}
    trackers, begins = {}, {}
    for name, place in places.items():
        if name == "ours":  # once without an index, so that the next finds one
            with closing(started(name, place, options, anew=True)) as first:
                begins["ours, the first look ever"] = begun(first)
        trackers[name] = started(name, place, options)
        begins[name] = begun(trackers[name])
    try:
        times, found = rounds(trackers, count, options.rounds)
        sizes = {name: tracker.ask(json.dumps({"do": "memory"})).get("found") for name, tracker in trackers.items()}
    finally:
        for tracker in trackers.values():
            tracker.close()
    rows = [
        {
            "runs": count, "question": question, "name": name, "ms": spread(own),
            "ratio": spread([theirs / ours for theirs, ours in zip(own, times["ours", question], strict=True)]),
            "unlike": unlike(found[name, question], found["ours", question]),
        }
        for (name, question), own in times.items() if own
    ]  # fmt: skip
    rows += [{"runs": count, "question": "begin", "name": name, "s": seconds} for name, seconds in begins.items()]
    return rows + [{"runs": count, "question": "memory", "name": name, "MB": size} for name, size in sizes.items()]


def begun(tracker: Contestant) -> float:
    """Seconds from a process that has loaded its packages to the first list."""
    answers = [tracker.ask(json.dumps({"do": word})) for word in ("start", "listed")]
    for answer in answers:
        if "failed" in answer:
            raise ValueError(f"{tracker.name} does not begin: {answer['failed']}")
    return float(sum(answer["ms"] for answer in answers)) / 1000


def rounds(trackers: dict[str, Contestant], count: int, turns: int) -> tuple[Any, Any]:
    """Milliseconds by tracker and question, in every round, and the last answers. One round before warms all."""
    triples = [[run_id((start + place) % count) for place in (0, 3, 7)] for start in range(TRIPLES)]
    times: dict[tuple[str, str], list[float]] = {(name, word): [] for name in trackers for word in QUESTIONS}
    found: dict[tuple[str, str], Any] = {}
    order = list(trackers)
    for turn in range(-TRIPLES, turns):
        about = {"listed": [], "curves": [triples[turn % TRIPLES]], "recognition": [triples[turn % TRIPLES][0]]}
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            for word in QUESTIONS:
                answer = trackers[name].ask(json.dumps({"do": word, "about": about[word]}))
                if "failed" in answer:
                    raise ValueError(f"{name} does not answer: {answer['failed']}")
                found[name, word] = answer["found"]
                if turn >= 0:
                    times[name, word].append(answer["ms"])
    return times, found


def unlike(theirs: Any, ours: Any) -> str:
    """What is not the same in two answers; empty where all is."""
    if isinstance(ours, dict):
        if theirs.keys() != ours.keys():
            return f"{len(theirs)} runs, not {len(ours)}"
        return next((f"{run}: {what}" for run in ours if (what := unlike(theirs[run], ours[run]))), "")
    if len(theirs) != len(ours):
        return f"{len(theirs)} values, not {len(ours)}"
    return "" if np.allclose(theirs, ours, rtol=WITHIN, atol=WITHIN) else "other values"


def peers(options: Any) -> list[str]:
    """The trackers that are raced against."""
    return [name for name in PEERS if not any(word in name for word in options.without)]


def started(name: str, place: Path, options: Any, anew: bool = False) -> Contestant:
    """A tracker in a process of its own, ours with a cache of its own. Raises ValueError where peers are lacking."""
    python = Path(sys.executable) if name == "ours" else options.peers
    if not python.is_file():
        raise ValueError(f"{python} is not there; make the trackers' environment with: make trackers")
    home = place.parent / f"{place.name}-home"
    if anew:
        for file in home.rglob("*.jsonl"):
            file.unlink()
    home.mkdir(exist_ok=True)
    script = ["-m", "benchmarks.our_store"] if name == "ours" else [str(ROOT / "benchmarks" / "trackers.py"), name]
    settings = {"HOME": str(home), "DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "TRACKIO_DIR": str(place)}
    return Contestant(name, subprocess.Popen(
        [python, *script, place], cwd=ROOT, env=os.environ | settings, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))  # fmt: skip


def told(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows in lines."""
    for row in rows:
        head = f"{row['runs']:6,} runs  {row['question']:11} {row['name']:26}"
        if "ms" in row:
            often = f", {shown(row['ratio'])} of ours" if row.get("ratio") else ""
            odd = f"; not the same: {row['unlike']}" if row.get("unlike") else ""
            yield f"{head} {shown(row['ms'], 1, 9)} ms{often}{odd}"
        else:
            yield f"{head} {row['s']:9.2f} s" if "s" in row else f"{head} {row['MB']:9.0f} MB"
