"""The canvas and what comes of it: only this part is drawn again, so that a stroke is answered at once."""

import hashlib
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from dashboard.access import direct_answers, sign_in
from dashboard.access.acts_by_role import DRAW
from dashboard.access.permits import refusal
from dashboard.components import canvas, elements, inputs, screen
from dashboard.components.canvas import Back
from dashboard.components.progress_bar import watched
from dashboard.data import archive
from dashboard.draw import bars, beside_canvas, headline, picture, plates, table, way_back
from dashboard.draw.choice import Choice
from dashboard.draw.networks import Student, Teacher
from dashboard.draw.place import Place, form
from dashboard.draw.quick_answer import Live
from dashboard.draw.way_back import NOT_YET, Turns
from dashboard.pictures.grid import plate
from dashboard.pictures.pixels import Bytes
from dashboard.run_facts import class_names
from firstlight.errors import RunError
from sampler.origin import signed

WORK = "own-drawing"  # in the session: what was made of the drawing so far
AFTER = 1.0  # seconds of a student's work that need no bar


@dataclass
class Work:
    """What was made of one drawing so far."""

    key: str  # another one where drawing, networks or controls are others
    image: Bytes  # (H, W, C)
    top: int  # the class that the judge sees in it; NOT_YET where there is no judge
    live: Live | None  # None where there is no student
    back: Back  # what stands beside the canvas
    turns: Turns | None = None


@sign_in.fragment
def section(place: Place, chosen: Choice) -> None:
    """The canvas, and what a student and its teacher make of what is on it."""
    sentence = st.container(key="own-sentence")
    if barred := refusal(DRAW):
        direct_answers.withdraw()
        elements.note(barred)
        return
    with sentence:
        work, said = _work(place, chosen)
    due, asked = _part(work), canvas.asked()
    going = bool(due) and asked == due
    shown = beside_canvas.fitted(work.back, screen.narrow()) if work else None
    direct = beside_canvas.direct(place, chosen.seed)
    canvas.canvas(chosen.begun, chosen.example, _part(work, 1) if going else due, shown, direct)
    with sentence:
        if said:
            st.info(elements.literal(said))
        elif work is None:
            elements.note("Nothing is drawn yet. Draw, or choose an example, which the keyboard reaches too.")
        else:
            elements.headline(beside_canvas.sentence(place, work.live, work.top) or place.judges.remark)
    if work is not None:
        _student(place, chosen, work)
    elements.note(picture.words(*form(place)))
    if work is not None:
        _teacher(place, chosen, work, going)


def _drawing(place: Place, chosen: Choice) -> Bytes | None:
    """The picture (H, W, C) that is on the canvas; None where that is empty. Raises ValueError for what is none."""
    of = _, size, channels, _ = form(place)
    held = canvas.drawing()
    if held is None or held.begun != chosen.begun:
        if chosen.example is None:
            return None
        margin = max(size - len(chosen.example), 0) // 2
        return np.repeat(np.pad(chosen.example, margin)[..., None], channels, axis=2)
    return picture.drawn(held.sent, *of)


def _work(place: Place, chosen: Choice) -> tuple[Work | None, str]:
    """What was made of the drawing so far, begun anew where it is another; None where there is none, and why."""
    try:
        image = _drawing(place, chosen)
        if image is None:
            return None, ""
        of = repr((place.stamp, chosen.level, chosen.draws, chosen.seed, chosen.told))
        key = hashlib.sha256(image.tobytes() + of.encode()).hexdigest()
        held = st.session_state.get(WORK)
        if held is None or held.key != key:
            held = st.session_state[WORK] = _begun(place, chosen, key, image)
    except (ValueError, RunError) as error:  # of a drawing, a network, a judge, a limit
        return None, str(error)
    return held, ""


def _begun(place: Place, chosen: Choice, key: str, image: Bytes) -> Work:
    """What a student makes of a drawing at once, and nothing yet of its teacher."""
    live = beside_canvas.live(place, image, chosen.seed, partial(watched, after=AFTER))
    top = live.top if live else int(way_back.seen(place.judges.clean, way_back.pictured(image)[None])[0])
    work = Work(key, image, top, live, beside_canvas.back(place, image, live, top))
    if isinstance(place.teacher, Teacher):
        work.turns = way_back.begun(place.teacher, chosen.level, chosen.draws)
    return work


def _part(work: Work | None, ahead: int = 0) -> str:
    """The part that is due, as the browser asks for it when nobody has drawn for a moment; empty where all are made."""
    if work is None or work.turns is None or work.turns.done + ahead >= work.turns.total:
        return ""
    return f"{work.key} {work.turns.done + ahead}"


def _student(place: Place, chosen: Choice, work: Work) -> None:
    """Buttons that save what stands beside the canvas and the drawing, and how it was made."""
    shown = inputs.shown()
    origin, own = shown | {"figure": "brought-back", "seed": str(chosen.seed)}, shown | {"figure": "drawing"}
    with st.container(horizontal=True):
        elements.save_picture("PNG", lambda: signed(work.back.content, origin), origin, "png")
        elements.save_picture("Your drawing, PNG", lambda: signed(plate(work.image[None, None], 1), own), own, "png")
    elements.note(headline.made(work.live, place.student.name) if isinstance(place.student, Student) and work.live
                  else str(place.student))  # fmt: skip


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
