"""A sitting: who is asked sees one picture at one random step, names it, and sees the next.

It outlives its page: answers are written after each picture, so nothing is lost when the browser closes, and stay in
the session where the run's folder takes no file.
"""

import json
import time
import uuid
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import run_facts
from dashboard.access import roles, sign_in
from dashboard.access.acts_by_role import ANSWER, Role
from dashboard.access.permits import permit, refusal
from dashboard.components import elements, inputs, remedy
from dashboard.data import archive
from dashboard.pictures import grid, trajectories
from dashboard.pictures.pixels import Bytes
from evaluator.recognizability import views
from firstlight.errors import RunError
from firstlight.run_folder import Run
from firstlight.run_state import now
from store.blind_test_answers import CLASS, LONGEST_NAME, Answer, Sitting, read_answers, write_sitting

PIXELS = 280  # of the picture shown, about
LENGTHS, USUAL = ("20", "40", "100"), "40"
SITTING = "sitting"  # in the URL: the id and length of the one under way, so that a page loaded again goes on with it
DRAWN = ("fine", "ancestral")  # views whose pictures were judged as they were drawn, and not kept
VIEWS = {name: view for view, name in views.VIEWS.items() if view not in DRAWN}
GUESS = "Your guess first: half are nameable from … % of the steps on"
PERSON = "Name or initials, if you like"
KEPT = {
    "": "Your answers are kept beside the run.",
    CLASS: "They count for your class's curve, without a name, and nobody sees which are yours.",
}  # by group
STATE = "blind"  # in the session: run id -> Trial


@dataclass
class Trial:
    """A sitting under way: what is to be shown, and what was answered."""

    sitting: Sitting
    group: str  # CLASS: a student's, which count for their class alone
    order: list[tuple[int, int]]  # sample and its frame, one for each picture
    refused: str = ""  # why the answers were not written
    written: bool = False  # whether any were
    began: float = field(default_factory=time.monotonic)  # when the picture was shown

    @property
    def done(self) -> int:
        return len(self.sitting.answers)

    @property
    def over(self) -> bool:
        return self.done >= len(self.order)


def running(run: pd.Series) -> Trial | None:
    """The sitting under way for a run, or just ended."""
    trials: dict[str, Trial] = st.session_state.setdefault(STATE, {})
    name = str(run["run"])
    if name not in trials and (back := _written(run)) is not None:
        trials[name] = back
    return trials.get(name)


def _written(run: pd.Series) -> Trial | None:
    """The sitting that the URL names, as far as it was answered before the page was loaded again; None without."""
    asked, _, length = st.query_params.get(SITTING, "").partition("-")
    group, who = place()
    held = read_answers(archive.folder(run), group).sittings
    found = next((each for each in held if each.id == asked and (not group or each.person == who)), None)
    choices = archive.ask("trajectory_choices", run=run["run"])
    if found is None or length not in LENGTHS or choices.empty:
        return None
    pictures = order(choices, length=int(length), sitting=found.id)
    seen = [sample for sample, _ in pictures[: len(found.answers)]]
    return Trial(found, group, pictures, written=True) if seen == [answer.sample for answer in found.answers] else None


def place() -> tuple[str, str]:
    """The group that the answers of whoever asks belong to, and who they are there; both empty where there is none."""
    of_class = roles.member()
    student = of_class is not None and roles.role() == Role.STUDENT
    return (CLASS, of_class.alias) if of_class and student else ("", "")


def leave(run: pd.Series) -> None:
    """Forget the sitting of this page, so that another may begin."""
    st.session_state[STATE].pop(str(run["run"]), None)
    st.query_params.pop(SITTING, None)


def begin(run: pd.Series) -> str:
    """What to show, the guess and a name; a sitting begins when the button is pressed. Returns the view chosen."""
    choices = archive.ask("trajectory_choices", run=run["run"])
    if choices.empty:
        remedy.stop(f"{run['run']} has no trajectories.", str(run["run"]), "trace")
    with st.container(horizontal=True):
        view = VIEWS[inputs.pick("Picture shown", list(VIEWS), next(iter(VIEWS)), "shown", width=190)]
        length = int(inputs.pick("Pictures", LENGTHS, USUAL, "pictures"))
    count, (group, who) = len(run_facts.class_names(run)), place()
    keys = f" Keys 0 to {count - 1} answer too, in the order of the buttons." if count <= 10 else ""
    elements.note(
        f"You see {length} pictures, each at one random step between noise and finished, and name each: there are "
        f"{count} answers and no other, so guess where you cannot tell.{keys} {KEPT[group]}"
    )
    pressed, guess, person = _form(not group)
    if pressed and guess is None:
        elements.note("Give your guess first; it is scored at the end.")
    elif pressed:
        made = Sitting(uuid.uuid4().hex, view, now(), who or person.strip(), guess)
        st.query_params[SITTING] = f"{made.id}-{length}"
        st.session_state[STATE][str(run["run"])] = Trial(made, group, order(choices, length, made.id))
        st.rerun()
    return view


def _form(named: bool) -> tuple[bool, float | None, str]:
    """Whether the button was pressed, the guess and the name, which a class is not asked for."""
    with st.form("blind-begin", border=False):
        with st.container(horizontal=True):
            guess = st.number_input(
                GUESS, 0.0, 100.0, None, 1.0, placeholder="0 to 100", width=430, help=inputs.says(GUESS)
            )
            person = ""
            if named:
                person = st.text_input(PERSON, max_chars=LONGEST_NAME, width=260, help=inputs.says(PERSON))
        barred = refusal(ANSWER)
        pressed = st.form_submit_button("Begin", type="primary", disabled=bool(barred))
    if barred:
        elements.note(barred)
    return pressed and not barred, guess, person


def order(choices: pd.DataFrame, length: int, sitting: str) -> list[tuple[int, int]]:
    """Trajectories in random order, none again before all were seen, each at one random kept frame."""
    generator = np.random.Generator(np.random.Philox(key=int(sitting, 16)))
    turns = -(-length // len(choices))
    rows = np.concatenate([generator.permutation(len(choices)) for _ in range(turns)])[:length]
    frames = generator.integers(0, choices["frames"].to_numpy(int)[rows])
    return list(zip(choices["sample"].to_numpy(int)[rows].tolist(), frames.tolist(), strict=True))


@sign_in.fragment
def picture(run: pd.Series, trial: Trial) -> None:
    """The next picture and a button for each class."""
    if trial.over:
        st.rerun()
    sample, frame = trial.order[trial.done]
    row = archive.ask("trajectory", run=run["run"], sample=sample)
    if row.empty:
        elements.stop(f"{run['run']} has other trajectories than when this sitting began; begin it again.")
    st.progress(trial.done / len(trial.order), f"Picture {trial.done + 1} of {len(trial.order)}")
    image = shown(row.iloc[0], run, trial.sitting.view, frame)
    elements.picture(
        grid.plate(image[None, None], max(1, PIXELS // int(run["size"]))),
        alt=f"Picture {trial.done + 1} of {len(trial.order)}, to be named",
        key=None,  # its file would name the answer
    )
    _buttons(run, trial, row.iloc[0], frame)
    if trial.refused:
        elements.notice(trial.refused)
    with st.container(horizontal=True):
        st.button("Stop here", key="blind-stop", on_click=_stop, args=(trial,), help="what is answered so far counts")
        if trial.refused:
            save(trial)
    trial.began = time.monotonic()


def _buttons(run: pd.Series, trial: Trial, row: pd.Series, frame: int) -> None:
    """A button for each class, with a key where there are ten or fewer."""
    names = run_facts.class_names(run)
    with st.container(horizontal=True, key="blind-answers"):
        for label, name in enumerate(names):
            st.button(
                elements.literal(name), key=f"blind-{trial.sitting.id}-{trial.done}-{label}", on_click=_answer,
                args=(archive.folder(run), trial, trial.done, row, frame, label),
                shortcut=str(label) if len(names) <= 10 else None, width=150 if len(name) > 3 else 64,
            )  # fmt: skip


def shown(row: pd.Series, run: pd.Series, view: str, frame: int) -> Bytes:
    """The picture (H, W, C) that a frame of a trajectory shows. Ends the page where it cannot be read."""
    try:
        return np.asarray(trajectories.frames_of(row, int(run["size"]), int(run["channels"]))[view][frame])
    except (KeyError, ValueError, IndexError):
        how = f"firstlight store verify {archive.typed(str(run['run']))}"
        elements.stop(f"This trajectory of {run['run']} cannot be read. Check it with: {how}")


def _answer(folder: Run, trial: Trial, turn: int, row: pd.Series, frame: int, label: int) -> None:
    """Keep an answer, unless the picture it is for has gone."""
    if turn != trial.done or trial.over:
        return
    answer = Answer(
        int(row["sample"]), int(row["label"]), int(row["seed"]), int(row["frames"][frame]), int(row["steps"]),
        float(row["logsnr"][frame]), label, round(time.monotonic() - trial.began, 3),
    )  # fmt: skip
    trial.sitting = replace(trial.sitting, answers=(*trial.sitting.answers, answer))
    _keep(folder, trial)


def _keep(folder: Run, trial: Trial) -> None:
    try:
        permit(ANSWER)
        write_sitting(folder, trial.sitting, trial.group, trial.written)
        trial.refused, trial.written = "", True
    except RunError as error:
        trial.refused = str(error)


def _stop(trial: Trial) -> None:
    trial.order = trial.order[: trial.done]


def save(trial: Trial) -> None:
    """A button that saves the sitting as the file that would lie beside the run."""
    content, file = json.dumps(trial.sitting.plain(), indent=1), f"{trial.sitting.id}.json"
    st.download_button("Save my answers, JSON", content, file, "application/json", key="blind-save", on_click="ignore")
