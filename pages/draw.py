"""A drawing of one's own: noised to any level, brought back, and what is seen in it on the way."""

from dashboard.components import elements
from dashboard.data import archive, guests
from dashboard.draw import choice, sections
from dashboard.draw.networks import Teacher
from dashboard.draw.place import place

elements.title("Draw your own", "What does a network make of your drawing, and where does it become something else?")
run = archive.chosen_run()
with archive.faults():
    where = place(run)
elements.notices(guests.oddities(run))
sections.section(where, choice.choice(run, where.teacher if isinstance(where.teacher, Teacher) else None))
