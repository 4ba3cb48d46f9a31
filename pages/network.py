"""What the network is made of, and what breaks without its parts."""

import streamlit as st

from dashboard import inside, ui

ui.title("Inside the network", "What is the network made of, and what breaks without its parts?")
run = ui.chosen_run()
net = inside.network(run)
ui.finding(inside.finding(run, net))
inside.draw(run, net)

st.subheader("What breaks without", anchor=False)
inside.ablations(run)
