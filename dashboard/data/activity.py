"""What is under way in the archive, and what became of what was."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from dashboard.data import archive
from dashboard.data.jobs import Standing, standing
from dashboard.format import duration
from firstlight.counts import counted
from firstlight.loss_and_divergence import diverged

LONG = 100_000  # steps of a training under way, beyond which its loss is looked at only when it has ended
RUNNING, DIVERGES = "running", "diverges"
UnderWay = dict[tuple[str, str], str]  # "run" or "job", and its id -> how it goes


class Ending(NamedTuple):
    """What is said of something that has ended, and where it is looked at."""

    title: str
    said: str
    page: str
    chosen: Mapping[str, Any]


def under_way(jobs: bool = False) -> UnderWay:
    """What trains now, and which of it diverges; with `jobs`, those that wait or run too."""
    runs = archive.ask("run_page", keys=["state"], signs=["="], values=["running"])
    wrong = _diverged([str(run) for run, step in zip(runs["run"], runs["step"], strict=True) if step <= LONG])
    now = {("run", str(run)): DIVERGES if run in wrong else RUNNING for run in runs["run"]}
    if jobs:
        now[("job", "")] = ""  # they were looked at
        now |= {("job", each.job.id): RUNNING for each in standing(archive.root()) if not each.ended}
    return now


def ended(before: Mapping[tuple[str, str], str], now: UnderWay) -> list[Ending]:
    """What became of what was under way `before` and is not, or goes otherwise, `now`; that a loss diverges, once."""
    runs = [name for (kind, name), how in before.items() if kind == "run" and now.get((kind, name)) != how]
    jobs = {name for kind, name in before if kind == "job" and (kind, name) not in now}
    frame = archive.ask("runs", runs=runs) if runs else pd.DataFrame()
    wrong = _diverged([name for name in runs if before["run", name] != DIVERGES])
    found = [_of_run(row, wrong) for _, row in frame.iterrows() if row["state"] != RUNNING or row["run"] in wrong]
    known = standing(archive.root()) if jobs else []
    return found + [
        _of_job(each)
        for each in known
        if each.job.id in jobs and each.ended and not (each.trains() and each.state == "finished")
    ]


def _of_run(run: pd.Series, wrong: set[str]) -> Ending:
    """run: a row of the query `runs`."""
    name = str(run["run"])
    steps = counted(run["step"], "step") + (f" of {run['steps']:,.0f}" if run["steps"] > run["step"] else "")
    loss = f"; last loss {run['last_loss']:.3g}" if run["last_loss"] == run["last_loss"] else ""
    took = f" in {duration(run['seconds'])}" if run["seconds"] == run["seconds"] else ""
    state = "diverged" if name in wrong else run["state"]
    on = " It still trains." if run["state"] == RUNNING else ""
    return Ending(f"{name} {state}", f"{steps}{took}{loss}.{on}", "training", {"run": name})


def _of_job(each: Standing) -> Ending:
    said = str(each.card.get("message") or "") or f"{each.command}."
    return Ending(f"{each.job.id} {each.state}", said, "runs", {"job": each.job.id})


def _diverged(runs: list[str]) -> set[str]:
    """Those of the runs whose loss has diverged."""
    if not runs:
        return set()
    rows = archive.ask("loss_values", runs=runs)
    return {str(run) for run, part in rows.groupby("run") if diverged(part["value"].to_numpy(float))}
