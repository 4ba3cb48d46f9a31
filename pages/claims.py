"""What the source says, statement by statement, and what the chosen runs say of it."""

from dashboard.claims import choice, headline, sections, text
from dashboard.components import control_bar, elements
from dashboard.data import archive

elements.title("Claims", "What does the source say, and what holds?")
run = archive.chosen_run()
ids = control_bar.chosen_others(run)
others = archive.stamp_of_scored()
verdicts = sections.verdicts(ids, others)
elements.headline(headline.sentence(verdicts, ids[0]))
sections.overview(verdicts, ids)
shown = choice.chosen_kind()

parts = text.statements(verdicts, shown)
if not parts:
    elements.note(f"No statement is {shown} here.")
else:
    sections.save([each for *_, own in parts for each in own])
for source, title, words, own in parts:
    sections.statement(run, others, source, title, words, own)
sections.lacking(verdicts)
sections.measures(verdicts)
