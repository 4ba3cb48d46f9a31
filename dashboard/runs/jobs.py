"""Jobs on the page Runs: those that wait and run, and what became of the others."""

import streamlit as st

from dashboard.access.acts_by_role import START
from dashboard.access.permits import refusal
from dashboard.components import elements, inputs, jobs
from dashboard.data import archive
from dashboard.data.jobs import became, standing
from dashboard.format import duration
from firstlight.run_state import moment

SHOWN = 20  # the newest
HEADINGS = ("job", "state", "command", "started", "took", "what became of it")


def under_way() -> None:
    """A bar for each job that waits or runs, in their order."""
    jobs.watched([each.job for each in reversed(standing(archive.root())) if not each.ended], "runs", logs=False)
    jobs.refused()


def table() -> None:
    """The newest jobs, and the log of one; nothing where there never was a job."""
    found = standing(archive.root())
    if not found:
        return
    st.subheader("Jobs", anchor=False)
    rows = [
        (each.job.id, each.state, each.command, str(each.card.get("started") or "")[:16].replace("T", " "),
         _took(each.card), became(each))
        for each in found[:SHOWN]
    ]  # fmt: skip
    elements.table(HEADINGS, rows, "jobs")
    older = f"{len(found) - SHOWN:,} older: firstlight jobs list{archive.flag()}. " if len(found) > SHOWN else ""
    elements.note(f"{older}They run one after another and go on when this page, or its server, is gone. Times are UTC.")
    if refusal(START):
        return
    ids = [each.job.id for each in found[:SHOWN]]
    chosen = inputs.pick("Log of", ids, ids[0], "job")
    jobs.log(found[ids.index(chosen)].job)


def _took(card: dict[str, object]) -> str:
    """How long a job ran that has ended."""
    try:
        return duration((moment(str(card["ended"])) - moment(str(card["started"]))).total_seconds())
    except (KeyError, ValueError):
        return ""
