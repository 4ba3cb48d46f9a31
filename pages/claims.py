"""What the source says, statement by statement, and what the chosen runs say of it."""

from dashboard.claims import sections, text
from dashboard.components import control_bar, elements, inputs
from dashboard.data import archive

elements.title("Claims", "What does the source say, and what holds?")
run = archive.chosen_run()
ids = control_bar.chosen_others(run)
found = sections.said(ids)
elements.finding(text.sentence(found, ids[0]))
sections.overview(found, ids)
sections.save(found)
shown = inputs.choose("Show", list(text.SHOWN), "show")

parts = text.statements(found, shown)
if not parts:
    elements.note(f"No statement is {shown} here.")
for source, title, words, own in parts:
    sections.statement(run, source, title, words, own)
sections.measures(found)
