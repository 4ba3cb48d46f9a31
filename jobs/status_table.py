"""Jobs as text: one line for each, with what became of it."""

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from firstlight.run_id import run_at
from firstlight.terminal_text import literal
from jobs.job import RUNNING, UNDER_WAY, WAITING, Job
from jobs.metric import last
from jobs.plan import Plan, paused, plan_of


def listed(jobs: list[Job]) -> str:
    """Every job with its command."""
    rows = [(job.id, _state(job), ahead(job), shlex.join(job.card()["words"]), job.card()["message"]) for job in jobs]
    return _columns(rows)


def batch(driver: Job) -> str:
    """A driver's jobs, each with its settings and the metric's last value, and a line above that sums them up."""
    plan = plan_of(driver)
    rows = [member_row(plan, driver, member, job) for member, job in plan.settled(driver)]
    rows += [(member.id, WAITING, *_settings(member), "") for member in plan.members[len(rows) :]]
    return f"{summary(plan, driver)}\n{_columns(rows)}".rstrip()


def summary(plan: Plan, driver: Job) -> str:
    """A driver in a line: how many of its jobs are in which state."""
    states = [job.state() for _, job in plan.settled(driver)]
    states += [WAITING] * (plan.jobs - len(states))
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    own, held = driver.state(), paused(driver)
    said = "paused" if held and own not in UNDER_WAY else "pausing: what runs is finished" if held else own
    return f"{plan.name} ({said}): {plan.jobs} job{'s' * (plan.jobs != 1)}, {counted}"


def member_row(plan: Plan, driver: Job, member: Any, job: Job) -> tuple[str, ...]:
    """One job of a batch."""
    value = last(run_at(driver.runs, member.run), plan.metric["name"]) if plan.metric and member.run else None
    said = "" if value is None else f"{plan.metric['name']} {value:.6g}"
    return (member.id, _state(job), *_settings(member), said, ahead(job) or job.card()["message"])


def ahead(job: Job) -> str:
    """How far a job is that runs."""
    known = job.progress() if job.state() == RUNNING else {}
    if not known.get("total"):
        return ""
    left = known.get("seconds_left")
    return f"{known['done']:,} of {known['total']:,}" + (f", {left:,.0f} s left" if left else "")


def _state(job: Job) -> str:
    return job.state() + (" (to be ended)" if job.mark.exists() and job.state() in UNDER_WAY else "")


def _settings(member: Any) -> tuple[str, ...]:
    return tuple(f"{name} {value}" for name, value in member.settings.items())


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    most = max((len(row) for row in rows), default=0)
    full: list[tuple[str, ...]] = [(*row, *[""] * (most - len(row))) for row in rows]
    wide: Callable[[int], int] = lambda place: max(len(row[place]) for row in full)  # noqa: E731
    widths = [wide(place) for place in range(most)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True) if width) for row in full]
    return "\n".join(literal(line.rstrip()) for line in lines)
