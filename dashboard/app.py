"""The frame of every page: navigation and the control bar."""

from pathlib import Path

import streamlit as st

from dashboard import turns
from dashboard.access import sign_in
from dashboard.components import control_bar, elements, inputs, memory, remedy
from dashboard.data import archive
from dashboard.data.guests import MAKES, anew, outdated
from firstlight.telemetry import switch_off

PAGES = Path(__file__).resolve().parent.parent / "pages"  # absolute, or the first deep link after a start goes astray
LOGO = Path(__file__).with_name("logo.svg")

SECTIONS = {
    "Start": [("start.py", "Firstlight", ""), ("glossary.py", "Glossary", "glossary")],
    "Overview": [("runs.py", "Runs", "runs")],
    "Explore": [
        ("forward.py", "Forward process", "forward-process"),
        ("trajectory.py", "Trajectory", "trajectory"),
        ("network.py", "Inside the network", "network"),
    ],
    "Evaluate": [
        ("training.py", "Training", "training"),
        ("recognizability.py", "Recognizability", "recognizability"),
        ("speciation.py", "Speciation", "speciation"),
        ("clip_rankings.py", "CLIP rankings", "clip-rankings"),
        ("guidance.py", "Guidance", "guidance"),
        ("steps.py", "Steps against quality", "steps"),
    ],
    "Try": [
        ("generate.py", "Generate", "generate"),
        ("draw.py", "Draw your own", "draw"),
        ("compare.py", "Compare", "compare"),
        ("blind_test.py", "Blind test", "blind-test"),
    ],
    "Conclude": [("ask.py", "Ask", "ask"), ("claims.py", "Claims", "claims"), ("report.py", "Report", "report")],
}
SHOWN = {  # what a page shows of runs; after another network was adopted, the former's is marked
    "runs": ("quality",),
    "trajectory": ("trajectories", "judgements"),
    "network": ("ablations",),
    "training": ("novelty", "memorisation"),
    "recognizability": ("trajectories", "judgements", "posterior", "clip_steps"),
    "speciation": ("speciation", "uturn", "swap", "classifier", "posterior"),
    "clip-rankings": ("clip", "clip_pictures", "clip_steps"),
    "guidance": ("guidance", "guided"),
    "steps": ("solver_steps", "late_start"),
    "blind-test": ("trajectories", "judgements"),
    "compare": tuple(MAKES),
    "ask": ("quality", "judgements", "solver_steps", "novelty"),
    "claims": tuple(MAKES),
    "report": tuple(MAKES),
}
CONTROLS: dict[str, tuple[str, ...]] = {
    "": (),
    "glossary": (),
    "runs": ("run",),
    "forward-process": ("run", "class"),
    "trajectory": ("run", "class", "axis"),
    "network": ("run",),
    "training": ("run",),
    "recognizability": ("run", "axis", "with"),
    "speciation": ("run", "axis"),
    "clip-rankings": ("run", "with"),
    "guidance": ("run", "class"),
    "steps": ("run", "class"),
    "generate": ("run",),
    "draw": ("run",),
    "blind-test": ("run", "axis"),
    "ask": ("run",),
    "claims": ("run", "with"),
    "report": ("run", "with"),
    "compare": ("run", "baseline", "class", "axis", "with"),
}
OPENS_ON = {"claims": "source's model"}  # page -> the tag of the run that it opens on, where nobody chose one


def main() -> None:
    """Draw the frame and the chosen page."""
    switch_off()  # whoever starts Streamlit on this file alone has not
    inputs.arrive()
    st.set_page_config("Firstlight", layout="wide", initial_sidebar_state=210)
    st.logo(LOGO, size="large")
    page = st.navigation(
        {
            section: [
                st.Page(PAGES / file, title=title, url_path=path, default=not path) for file, title, path in pages
            ]
            for section, pages in SECTIONS.items()
        },
        position="sidebar" if sign_in.done() else "hidden",
        expanded=True,  # or the last pages hide where somebody's name stands below them
    )
    elements.style()
    inputs.begin(page.url_path)
    sign_in.gate()
    sign_in.foot()
    with archive.one_moment():
        archive.watch(page.url_path)
        runs = control_bar.control_bar(CONTROLS[page.url_path], OPENS_ON.get(page.url_path, ""))
        place = st.container()
        if said := archive.notice():
            elements.notice(said)
        for run in runs:
            if text := outdated(run, shown := SHOWN.get(page.url_path, ())):
                elements.notice(text)
                remedy.offer(text, archive.run_folder(run), anew(run, shown))
        try:
            page.run()
        finally:
            inputs.notice(place)
            memory.settle()


if __name__ == "__main__":
    with turns.page():
        main()
