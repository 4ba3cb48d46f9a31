"""What the network is made of, and what breaks without its parts."""

import streamlit as st

from dashboard.components import elements
from dashboard.data import archive, guests
from dashboard.network import ablations, headline, sections

elements.title("Inside the network", "What is the network made of, and what breaks without its parts?")
run = archive.chosen_run()
net = sections.network(run)
elements.headline(headline.sentence(run, net))
elements.notices(guests.oddities(run))
sections.draw(run, net)

st.subheader("What breaks without", anchor=False)
ablations.draw(run)
