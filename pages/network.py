"""What the network is made of, and what breaks without its parts."""

import streamlit as st

from dashboard.components import elements
from dashboard.data import archive
from dashboard.network import ablations, finding, sections

elements.title("Inside the network", "What is the network made of, and what breaks without its parts?")
run = archive.chosen_run()
net = sections.network(run)
elements.finding(finding.sentence(run, net))
sections.draw(run, net)

st.subheader("What breaks without", anchor=False)
ablations.draw(run)
