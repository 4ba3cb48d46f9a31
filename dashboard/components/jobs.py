"""Jobs on a page: each with its bar, the time left, a way to end it, and what it says."""

from collections.abc import Sequence

import streamlit as st

from dashboard.access import sign_in
from dashboard.access.acts_by_role import START
from dashboard.access.permits import permit, refusal
from dashboard.components import elements
from dashboard.data import archive
from dashboard.data import jobs as data_jobs
from firstlight.errors import RunError, disk
from jobs.job import UNDER_WAY, Job
from jobs.queue import told

LOOK = 2.0  # seconds between two looks
LINES = 12  # of a log, more of which scroll
REFUSED = "jobs-refused"  # in the session: why the last press was in vain


def watched(jobs: Sequence[Job], place: str, logs: bool = True) -> None:
    """Draw jobs that wait or run, again every LOOK seconds, and the whole page once one of them has ended.

    place: another one for each place of a page where the same job may stand; logs: with what each says.
    """
    if not jobs:
        return

    def look() -> None:
        states = [data_jobs.state_of(job) for job in jobs]
        if not set(states) <= set(UNDER_WAY):
            st.rerun()
        for job, state in zip(jobs, states, strict=True):
            row(job, state, place)
            if logs:
                log(job)

    sign_in.fragment(look, LOOK)()


def training(run: str) -> None:
    """The jobs that train a run now, or wait to."""
    under_way = [each.job for each in data_jobs.standing(archive.root()) if not each.ended and each.trains(run)]
    watched(under_way, f"training-{run}")


def row(job: Job, state: str, place: str) -> None:
    """A job under way."""
    share, said = data_jobs.said(job, state)
    barred = refusal(START)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, elements.literal(f"{job.id}, {' '.join(told(job.card()))}: {said}"))
        st.button(
            "Cancel",
            key=f"cancel-{job.id}-{place}",
            on_click=_cancel,
            args=(job,),
            disabled=bool(barred) or job.mark.exists(),
            help=barred or "ends it in good order; what is drawn so far is kept",
        )


def log(job: Job) -> None:
    """What a job has said, for whoever may start one: it may name folders of the server."""
    if refusal(START):
        return
    with st.expander(f"Log of {job.id}"):
        text = data_jobs.log_of(job) or "It has said nothing yet."
        st.code(text, language=None, wrap_lines=True, height=320 if text.count("\n") > LINES else "content")


def refused() -> None:
    """Why the last press was in vain, once; nothing where it was not."""
    if said := st.session_state.pop(REFUSED, ""):
        st.info(elements.literal(said))


def _cancel(job: Job) -> None:
    try:
        permit(START, 0)
        job.ask_to_end()
    except (RunError, OSError) as error:
        st.session_state[REFUSED] = disk(error) if isinstance(error, OSError) else str(error)
