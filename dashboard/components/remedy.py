"""What a run lacks, the command that makes it, and a button that starts that from here, as a job."""

import os
import shlex
import zlib
from collections.abc import Sequence
from typing import NoReturn

import streamlit as st

from dashboard.access.acts_by_role import START
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, jobs
from dashboard.data import archive
from dashboard.data.jobs import state_of
from firstlight import remedy
from firstlight.archives import stays
from firstlight.command_text import typed
from firstlight.errors import JudgeError, RunError, disk
from firstlight.extras import left_out, missing
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from jobs import queue
from jobs.job import FAILED, LOST, UNDER_WAY, Job

JUDGELESS = ("novelty", "memorisation", "late-start")  # evaluations that ask no judge


def note(said: str, run: str, what: str, how: str = "Do it with", more: Sequence[str] = ()) -> None:
    """A quiet line that a run lacks something, the command that makes it, and its button.

    said: that it is lacking, a sentence. what: `trace`, `export`, or an evaluation; more: its further flags.
    """
    elements.note(f"{said} {sentence(run, what, how, more)}")
    button(said, run, what, more)


def stop(said: str, run: str, what: str, how: str = "Do it with") -> NoReturn:
    """The same, and the end of the page."""
    st.info(elements.literal(f"{said} {sentence(run, what, how)}"))
    button(said, run, what)
    st.stop()


def resume(said: str, run: str) -> None:
    """A quiet line that a training ended before its end, and what goes on with it, with its button.

    said: how it ended, a sentence.
    """
    folder = archive.run_folder(run)
    elements.note(f"{said} {remedy.resumed_by(folder)}")
    offer(said, folder, remedy.resuming(folder), "Resume")


def network(run: str, stopping: bool = False) -> None:
    """Say that a run has no network to draw with, where it has none, with the button; `stopping`: and end the page."""
    denoiser = archive.run_folder(run).denoiser
    if denoiser.is_file():
        return
    said = f"{run} has no {denoiser.name}."
    if stopping:
        stop(said, run, "export")
    note(said, run, "export")


def sentence(run: str, what: str, how: str = "Do it with", more: Sequence[str] = ()) -> str:
    """How a run comes to what it lacks, what that needs first before it."""
    folder = archive.run_folder(run)
    if what in ("trace", "export"):
        return remedy.trajectories_by(folder) if what == "trace" else remedy.denoiser_by(folder)
    if what == "clip":
        how = f"{without}, and then" if (without := _without_clip(folder)) else how
    if what in ("clip", *JUDGELESS):
        return remedy.evaluated_by(folder, f"firstlight evaluate {what} {typed(folder)}", how)
    made = archive.to_make(run, what, how)
    return made if made.endswith(".") else " ".join((made, *map(shlex.quote, more)))


def button(said: str, run: str, what: str, more: Sequence[str] = ()) -> None:
    """The button that starts it, or the jobs that do it already; nothing where only a person can help.

    said: what tells it from others on the page.
    """
    offer(said, archive.run_folder(run), _commands(archive.run_folder(run), what, more))


def offer(said: str, folder: Run, commands: Sequence[Sequence[str]], label: str = "Do it here") -> None:
    """The button that starts commands, words after `firstlight`, one after another; or the jobs that do it already."""
    if not commands:
        return
    key = f"{zlib.crc32(f'{said} {folder.id} {commands}'.encode()):08x}"
    last = queue.latest(folder.archive, commands[-1])
    if last is not None and state_of(last) in UNDER_WAY:
        jobs.watched(_with_needed(last), key)
        return
    if last is not None and state_of(last) in (FAILED, LOST):
        elements.note(f"{last.id} {state_of(last)}: {last.card()['message'] or 'its process is gone.'}")
        jobs.log(last)
    why = barred(folder, commands)
    less = [] if why else [left_out(words) for words in commands]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(label, key=f"start-{key}", on_click=_begin, args=(folder, commands), disabled=bool(why),
                  help="starts " + ", then ".join(f"firstlight {' '.join(words)}" for words in commands))  # fmt: skip
        for each in filter(None, dict.fromkeys([why, *less])):
            elements.note(each)
    jobs.refused()


def barred(folder: Run, commands: Sequence[Sequence[str]]) -> str:
    """Why whoever asks cannot start these from here, a sentence that names the fix; empty where they can."""
    if folder.words is not None:
        return stays(folder)
    if said := refusal(START):
        return said
    own = remedy.trained_elsewhere(folder)
    if lacking := [said for words in commands if not (own and words[0] == "trace") and (said := missing(words))]:
        return f"{lacking[0]}."
    if not os.access(folder.archive, os.W_OK):
        return f"{folder.archive} takes no files from this server; make it writable, or start the command elsewhere."
    return ""


def _commands(folder: Run, what: str, more: Sequence[str]) -> list[list[str]]:
    if what in ("trace", "export"):
        return remedy.steps(folder, [what, *more])
    if what == "clip":
        return [] if _without_clip(folder) else remedy.steps(folder, ["evaluate", what, *more])
    if what in JUDGELESS:
        return remedy.steps(folder, ["evaluate", what, *more])
    from evaluator.judges.cards import steps_with_judges  # here, because a page that lacks nothing needs no judges

    return steps_with_judges(folder, ["evaluate", what, *more])


def _without_clip(run: Run) -> str:
    """Why a run has no CLIP judge yet, with the command that makes one, a sentence; empty where it has one."""
    from evaluator.clip.judge import clip_for  # here, because a page that lacks nothing needs no judges

    try:
        clip_for(str(card_of(run)["dataset"]["name"]), runs=run.archive)
    except (JudgeError, RunError) as error:
        return str(error)
    return ""


def _begin(folder: Run, commands: Sequence[Sequence[str]]) -> None:
    try:
        permit(START, len(commands))
        if said := barred(folder, commands):
            raise RunError(said)
        queue.begin(folder.archive, commands)
    except (RunError, OSError) as error:
        st.session_state[jobs.REFUSED] = disk(error) if isinstance(error, OSError) else str(error)


def _with_needed(job: Job) -> list[Job]:
    """A job after those before it whose work it needs, as far as they are under way."""
    found = [job]
    while (other := found[0].card().get("needs")) and state_of(before := Job(job.folder.parent / other)) in UNDER_WAY:
        found.insert(0, before)
    return found
