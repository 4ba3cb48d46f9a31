"""What stands beside the canvas, of whatever is drawn on it: for the page, and for a browser that asks directly."""

from collections.abc import Callable
from typing import Any

from dashboard.access import direct_answers
from dashboard.access.acts_by_role import DRAW
from dashboard.components import screen
from dashboard.components.canvas import Back
from dashboard.components.elements import NARROWEST
from dashboard.draw import headline, picture, plates, quick_answer, way_back
from dashboard.draw.networks import Student
from dashboard.draw.place import Place, form
from dashboard.draw.quick_answer import Live, Question, Steps
from dashboard.pictures.grid import plate
from dashboard.pictures.narrow_plate import wrapped
from dashboard.pictures.pixels import Bytes
from dashboard.run_facts import class_names


def live(place: Place, image: Bytes, seed: int, follow: Callable[[Steps], Any]) -> Live | None:
    """What the student makes of a picture, `follow` taking its steps; None where there is no student.

    Raises Refused, SamplerError and JudgeError with a sentence.
    """
    if not isinstance(place.student, Student):
        return None
    return quick_answer.answer(Question(place.student, image, seed, place.judges.clean, place.stamp), follow)


def sentence(place: Place, found: Live | None, top: int) -> str:
    """What is seen in the drawing, and in what comes back; empty where nobody says anything."""
    names, judge = class_names(place.run), place.judges.clean
    if found is not None and isinstance(place.student, Student):
        return headline.live(found, names, "" if judge is None else judge.name, place.student.name)
    return "" if judge is None else f"{headline.drawing(names[top], judge.name)}."


def back(place: Place, image: Bytes, found: Live | None, top: int) -> Back:
    """The drawing as networks are given it, and what a student brings back."""
    said = sentence(place, found, top).replace("\n", " ")
    if found is None:
        return Back(plate(image[None, None], 4), f"Your drawing as networks are given it. {said}".strip())
    return Back(plates.live(found, image, class_names(place.run)), said)


def fitted(shown: Back, narrow: bool) -> Back:
    """The same, cut to the width of a narrow screen where it is seen on one."""
    return shown._replace(content=wrapped(shown.content, NARROWEST)) if narrow else shown


def direct(place: Place, seed: int) -> dict[str, str] | None:
    """Where this page's browser may ask what comes back, and its token; None where nothing does, or nobody answers."""
    if not isinstance(place.student, Student):
        return None
    narrow, of = screen.narrow(), form(place)

    def told(sent: str) -> dict[str, str]:
        """What the page would show beside this drawing."""
        try:
            image = picture.drawn(sent, *of)
        except ValueError as error:
            raise direct_answers.Refusal(400, str(error)) from error
        if image is None:
            raise direct_answers.Refusal(400, "Nothing is drawn yet; draw on the page's own canvas.")
        found = live(place, image, seed, way_back.last_of)
        return fitted(back(place, image, found, way_back.NOT_YET), narrow).told()

    return direct_answers.offered(DRAW, told)
