"""What stands behind the answer, a tab for each question that it raises; one that is not open computes nothing."""

from dashboard.components import elements
from dashboard.components import people as components_people
from dashboard.components import theory as components_theory
from dashboard.data import judgements
from dashboard.data import theory as data_theory
from dashboard.recognizability import class_table, judges, ranking, theory, threshold
from dashboard.recognizability.choice import Choice
from evaluator.recognizability.carry_over import FINE
from firstlight.interval_text import minus


def people(at: Choice) -> None:
    """What people name, over what the judges do."""
    components_people.shown(at.run, at.look.view if at.look.view not in (judgements.CHAINS, FINE) else "x", at.axis)


def schedule(at: Choice) -> None:
    """The run's schedule, held against what its training and its data ask for."""
    found = data_theory.checked(at.run)
    if found is None:
        elements.note(f"{at.run['run']} names no schedule, so none can be checked.")
        return
    elements.note(minus(found.sentence))
    elements.facts(components_theory.schedule_facts(found))


PARTS = {
    "Classes": class_table.draw, "Ranking": ranking.draw, "Threshold": threshold.draw, "Judges": judges.draw,
    "People": people, "Theory": theory.draw, "Schedule": schedule,
}  # fmt: skip
