"""What the source says, statement by statement, and what the chosen runs say of it."""

from dashboard import claimed, claiming, controls, ui

ui.title("Claims", "What does the source say, and what holds?")
run = ui.chosen_run()
ids = controls.chosen_others(run)
found = claiming.said(ids)
ui.finding(claimed.sentence(found, ids[0]))
claiming.overview(found, ids)
claiming.save(found)
shown = controls.choose("Show", list(claimed.SHOWN), "show")

parts = claimed.statements(found, shown)
if not parts:
    ui.note(f"No statement is {shown} here.")
for source, title, words, own in parts:
    claiming.statement(run, source, title, words, own)
claiming.measures(found)
