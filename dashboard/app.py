"""Where the pages are: navigation, the control bar, and nothing else."""

from pathlib import Path

import streamlit as st

from dashboard import controls, ui

PAGES = Path(__file__).resolve().parent.parent / "pages"  # absolute, or the first deep link after a start goes astray
LOGO = Path(__file__).with_name("logo.svg")

SECTIONS = {
    "Runs": [("runs.py", "Runs", "")],
    "See": [("forward.py", "Forward process", "forward-process"), ("trajectory.py", "Trajectory", "trajectory")],
    "Measure": [
        ("training.py", "Training", "training"),
        ("recognizability.py", "Recognizability", "recognizability"),
        ("speciation.py", "Speciation", "speciation"),
    ],
    "Do": [("generate.py", "Generate", "generate"), ("compare.py", "Compare", "compare")],
    "Tell": [("report.py", "Report", "report")],
}
CONTROLS = {
    "": ("run",),
    "forward-process": ("run", "class"),
    "trajectory": ("run", "class", "axis"),
    "training": ("run",),
    "recognizability": ("run", "axis", "with"),
    "speciation": ("run", "axis"),
    "generate": ("run",),
    "report": ("run", "with"),
    "compare": ("run", "baseline", "class", "axis", "with"),
}


def main() -> None:
    """Draw the frame and the chosen page."""
    st.set_page_config("Firstlight", layout="wide", initial_sidebar_state=210)
    st.logo(LOGO, size="large")
    page = st.navigation(
        {
            section: [
                st.Page(PAGES / file, title=title, url_path=path, default=not path) for file, title, path in pages
            ]
            for section, pages in SECTIONS.items()
        }
    )
    ui.style()
    controls.control_bar(CONTROLS[page.url_path])
    place = st.container()
    try:
        page.run()
    finally:
        controls.notice(place)


if __name__ == "__main__":
    main()
