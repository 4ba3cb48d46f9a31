"""The canvas and what comes of it: only this part is drawn again, so that a stroke is answered at once."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.access import sign_in
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import refusal
from dashboard.components import canvas, elements, inputs
from dashboard.data import archive
from dashboard.draw import bars, headline, networks, picture, plates, table, way_back
from dashboard.draw.choice import Choice
from dashboard.draw.networks import Student, Teacher
from dashboard.draw.way_back import NOT_YET, Judges, Live, Turns
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from dashboard.run_facts import class_names
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from sampler.origin import signed

WORK = "own-drawing"  # in the session: what was made of the drawing so far


@dataclass
class Work:
    """What was made of one drawing so far."""

    key: str  # another one where drawing, networks or controls are others
    image: Bytes  # (H, W, C)
    top: int  # the class that the judge sees in it; NOT_YET where there is no judge
    live: Live | None = None
    turns: Turns | None = None


@dataclass(frozen=True)
class Place:
    """The run that one draws for, its networks and its judges."""

    run: pd.Series  # a row of the query `runs`
    folder: Run
    student: Student | str  # or why there is none
    teacher: Teacher | str
    judges: Judges
    stamp: str  # another one where any of their files are others


@sign_in.fragment
def section(place: Place, chosen: Choice) -> None:
    """The canvas, and what a student and its teacher make of what is on it."""
    answer = st.container()
    if barred := refusal(DRAW):
        elements.note(barred)
        return
    work, said = _work(place, chosen)
    due, asked = _part(work), canvas.asked()
    going = bool(due) and asked == due
    left, right = st.columns([2, 3], gap="large")
    with left:
        canvas.canvas(chosen.begun, chosen.example, _part(work, 1) if going else due)
        elements.note(picture.words(*_form(place)))
    with right:
        if said:
            st.info(elements.literal(said))
        elif work is None:
            elements.note("Nothing is drawn yet. Draw, or choose an example, which the keyboard reaches too.")
    if work is None:
        return
    with right:
        _student(place, chosen, work, answer)
    _teacher(place, chosen, work, going)


def _form(place: Place) -> tuple[str, int, int, int]:
    """What the run's pictures are: data set, size, channels, and how many black pixels are on each side."""
    pad = int(card_of(place.folder)["config"].get("pad") or 0)
    return str(place.run["dataset"]), int(place.run["size"]), int(place.run["channels"]), pad


def _drawing(place: Place, chosen: Choice) -> Bytes | None:
    """The picture (H, W, C) that is on the canvas; None where that is empty. Raises ValueError for what is none."""
    dataset, size, channels, pad = _form(place)
    held = canvas.drawing()
    if held is None or held.begun != chosen.begun:
        if chosen.example is None:
            return None
        margin = max(size - len(chosen.example), 0) // 2
        return np.repeat(np.pad(chosen.example, margin)[..., None], channels, axis=2)
    grey = picture.decoded(held.sent)
    return None if grey is None else picture.framed(grey, dataset, size, channels, pad)


def _work(place: Place, chosen: Choice) -> tuple[Work | None, str]:
    """What was made of the drawing so far, begun anew where it is another; None where there is none, and why."""
    try:
        image = _drawing(place, chosen)
    except ValueError as error:
        return None, str(error)
    if image is None:
        return None, ""
    of = repr((place.stamp, chosen.level, chosen.draws, chosen.seed, chosen.told))
    key = hashlib.sha256(image.tobytes() + of.encode()).hexdigest()
    held = st.session_state.get(WORK)
    if held is None or held.key != key:
        top = int(way_back.seen(place.judges.clean, way_back.pictured(image)[None])[0])
        held = Work(key, image, top)
        if isinstance(place.teacher, Teacher):
            held.turns = way_back.begun(place.teacher, chosen.level, chosen.draws)
        st.session_state[WORK] = held
    return held, ""


def _part(work: Work | None, ahead: int = 0) -> str:
    """The part that is due, as the browser asks for it when nobody has drawn for a moment; empty where all are made."""
    if work is None or work.turns is None or work.turns.done + ahead >= work.turns.total:
        return ""
    return f"{work.key} {work.turns.done + ahead}"


def _student(place: Place, chosen: Choice, work: Work, answer: DeltaGenerator) -> None:
    """The drawing as networks are given it, and what a student brings back; the sentence goes to `answer`."""
    names, judge, student = class_names(place.run), place.judges.clean, place.student
    told = "" if work.top == NOT_YET or judge is None else f"{headline.drawing(names[work.top], judge.name)}."
    made, alt = plate(work.image[None, None], 4), f"Your drawing as networks are given it. {told}"
    if isinstance(student, Student):
        if work.live is None:
            label = way_back.label_for(student.net, chosen.told, work.top)
            with archive.faults():
                work.live = way_back.at_once(student, work.image, label, chosen.seed, judge)
        told = headline.live(work.live, names, "" if judge is None else judge.name, work.top, student.name)
        made, alt = plates.live(work.live, work.image, work.top, names), told.replace("\n", " ")
    with answer:
        elements.headline(told or place.judges.remark)
    elements.picture(made, alt, "brought-back", {"seed": chosen.seed})
    elements.note(
        student if isinstance(student, str) else f"{student.name} knows these levels below pure noise; from each it "
        "brings the drawing back in as many evaluations as lie ahead. "
        + ("It is told what the judge sees." if chosen.told and judge else "It is not told what the drawing shows.")
    )  # fmt: skip
    origin = inputs.shown() | {"figure": "drawing"}
    elements.save_picture("Your drawing, PNG", lambda: signed(plate(work.image[None, None], 1), origin), origin, "png")


def _teacher(place: Place, chosen: Choice, work: Work, going: bool) -> None:
    """What comes back from every level, draw after draw; `going`: the next part is made now."""
    st.subheader("At every level", anchor=False)
    teacher, turns = place.teacher, work.turns
    if isinstance(teacher, str) or turns is None:
        elements.note(str(teacher))
        return
    if going:
        label = way_back.label_for(teacher.net, chosen.told, work.top)
        with archive.faults():
            way_back.go_on(turns, teacher, work.image, label, chosen.seed, place.judges)
    names = class_names(place.run)
    if work.top != NOT_YET:
        elements.headline(headline.turning(turns, names, work.top, teacher.name))
    if not turns.done:  # nothing holds up a student's answer
        if work.top == NOT_YET:
            elements.note(headline.begins(turns, teacher.name))
        return
    if turns.done < turns.total:
        st.progress(turns.done / turns.total, f"{turns.done} of {turns.total} parts; drawing on begins anew")
    alt = "The drawing noised to each level, and back"
    elements.picture(plates.levels(turns, work.top), alt, "levels", {"seed": chosen.seed})
    if work.top != NOT_YET:
        heads, *rows = table.rows(turns, work.top, names, place.judges, teacher.listens)
        elements.table(heads, rows, "drawing")
    elements.note(table.words(teacher, chosen, place.judges))
    bars.draw(turns, names, teacher.name, teacher.window)


def place(run: pd.Series) -> Place:
    """The run's networks and judges. Raises SamplerError where its own network cannot be loaded."""
    folder, quick, slow = archive.folder(run), networks.student(run), networks.teacher(run)
    files = [archive.stamp(each) for each in _ids(run, quick, slow)]
    return Place(run, folder, quick, slow, way_back.judges(folder), repr(files))


def _ids(run: pd.Series, *found: Student | Teacher | str) -> list[str]:
    """The runs that are asked."""
    return [str(run["run"]), *(each.name for each in found if not isinstance(each, str))]
