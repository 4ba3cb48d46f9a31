"""A question about stored runs, and one sentence that answers it."""

from dashboard.ask import choice, pins, sections
from dashboard.components import elements
from dashboard.data import archive

elements.title("Ask", "What do you want to know of a run?")
run = archive.chosen_run()
asked = choice.chosen(run)
sections.draw(sections.answered(asked))
pins.draw(asked, str(run["run"]))
