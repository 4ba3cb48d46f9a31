"""The archive that the pages show: its root, queries, the chosen run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.components.elements import damaged, stop
from dashboard.data import changes, recognizable
from firstlight import archives
from firstlight import command_text as as_typed
from firstlight.errors import JudgeError, RunError, SamplerError
from firstlight.extras import here, how
from firstlight.manifest import signatures
from firstlight.remote.registry import elsewhere
from firstlight.run_folder import Run
from firstlight.scan_progress import told_to
from store.database import Archive
from store.verification import Entry


def root() -> Path:
    """The archive's folder."""
    return archives.archive()


def notice() -> str:
    """What is to be said of an archive elsewhere that did not answer; empty where all is as it should be."""
    shown = [elsewhere(each) for each in (root(), *archives.more(root()).values())]
    return " ".join(said for other in shown if other and (said := other.notice()))


@lru_cache(4)
def _archive(folder: Path) -> Archive:
    return Archive(folder, recognizable.WAYS)


@contextmanager
def one_moment() -> Iterator[None]:
    """All of a page shows the archive as it was at one moment."""
    with _archive(root()).one_moment():
        with _bar(), suppress(RunError):  # the page's own question says what is wrong
            _archive(root()).look()
        yield


@contextmanager
def _bar() -> Iterator[None]:
    """Show a bar with the time left while so many runs are looked at, or worked on, that it takes a while."""
    place = None

    def show(what: str, done: int, total: int, seconds: float) -> None:
        nonlocal place
        place = place or st.empty()
        place.progress(done / total, f"{what}: {done:,} of {total:,}, {seconds:.0f} s left")

    try:
        with told_to(show):
            yield
    finally:
        if place:
            place.empty()


def watch(page: str) -> None:
    """Draw the page that is open again when a run begins, goes on, ends or dies."""
    with suppress(RunError):  # the page says why
        changes.watch(page, root(), _archive(root()).entries())


def ask(name: str, **parameters: Any) -> pd.DataFrame:
    """The answer of store/sql/<name>.sql. Ends the page with the reason where there is none."""
    try:
        with _bar():
            return _archive(root()).ask(name, **parameters)
    except RunError as error:
        stop(str(error))


def judged() -> bool:
    """Whether what is recognizable was judged of any run."""
    return any("judgements" in each.tables for each in _archive(root()).entries())


def ask_bundled(name: str, **parameters: Any) -> pd.DataFrame:
    """The answer of store/sql/<name>.sql about runs that come with Firstlight, whatever archive is shown.

    Ends the page with the reason where there is none.
    """
    try:
        return _archive(archives.BUNDLED).ask(name, **parameters)
    except RunError as error:
        stop(str(error))


def stamp(run: str) -> int:
    """Another number when what a page says of a run may be: its files are others, or the judges and spectra at hand.

    Ends the page with the reason where the run cannot be read.
    """
    found = _entry(run)
    files = (found.run.denoiser, found.run.export, *archives.fitted(root()))
    return hash((found.stamp, signatures(*files)))


def _entry(run: str) -> Entry:
    """The run's entry. Ends the page with the reason where it cannot be read."""
    try:
        return _archive(root()).entry(run)
    except RunError as error:
        stop(str(error))


def stamp_of_scored() -> int:
    """Another number when the best of each data set is another: what is said of one run beside them depends on it."""
    return hash(tuple(_entry(run).stamp for run in ask("taught")["run"]))


@contextmanager
def faults() -> Iterator[None]:
    """Whatever cannot be drawn or judged ends the page with its sentence."""
    try:
        yield
    except (SamplerError, JudgeError, RunError) as error:
        stop(str(error))


def chosen_run() -> pd.Series:
    """The run in the control bar, a row of the query `runs`. Ends the page where there is none."""
    some = (st.session_state.get("run"), *offered()["run"])
    row = next((row for run in some if (row := sound_run(run)) is not None), None)
    if row is None:
        damaged(ask("damaged_runs"))
        first = "" if here("torch") else f" What trains is not installed yet; install it first with: {how('train')}"
        stop(f"No runs yet. Make one with: firstlight train --preset tiny{flag()}.{first}")
    return row


def sound_run(run: object) -> pd.Series | None:
    """The run with this id, a row of the query `runs`, after a look at each of its files; None where it is damaged."""
    frame = ask("runs", runs=[run])
    return None if frame.empty else frame.iloc[0]


def offered(tag: str = "", also: Sequence[str] = ()) -> pd.DataFrame:
    """The runs that pickers offer, the query `run_choices`."""
    return ask("run_choices", tag=tag, also=list(also))


def folder(run: pd.Series) -> Run:
    """The run's folder."""
    return run_folder(str(run["run"]))


def typed(run: str) -> str:
    """The run with this id as one types it behind a command. Raises RunError for an id that is none."""
    return as_typed.typed(run_folder(run))


def flag() -> str:
    """` --runs DIR` of the archive, where a command that is typed needs it."""
    return as_typed.flag(root())


def flags() -> str:
    """`--runs` of every archive that is shown, as a command takes them that is of several."""
    return as_typed.flags([root(), *archives.more(root()).values()])


def to_make(run: str, command: str, how: str = "Do it with") -> str:
    """How what a judge says of a run is made, with `firstlight evaluate <command> <run>`, or what it lacks first."""
    from evaluator.judges.cards import to_make  # here, because a page that lacks nothing needs no judges

    return to_make(run_folder(run), f"firstlight evaluate {command} {typed(run)}", how)


def called(asked: str, ids: Sequence[str]) -> str:
    """What the run of a link is called now: with its archive's name it is that one, also where no other has its id."""
    own = asked.rpartition(":")[2]
    if asked in ids or own not in ids:
        return asked
    try:
        return own if run_folder(asked).folder == run_folder(own).folder else asked
    except RunError:
        return asked


def run_folder(run: str) -> Run:
    """The folder of the run with this id. Raises RunError for an id that is none."""
    return archives.located(root(), run)
