"""The parts of the page Firstlight: the words, the picture that comes out of the noise, and the ways on."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboard import run_facts
from dashboard.components import elements, scrubber
from dashboard.data import archive, trajectories
from dashboard.start import headline
from evaluator.recognizability.censoring import half
from evaluator.recognizability.judged_view import seen_by
from evaluator.recognizability.points import points
from evaluator.stats.intervals import Estimate
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from firstlight.run_json import card_of

SHOWN, CLASS = "course", 3  # the source's own network, and the digit that comes out of the noise
COMPARED = ("course", "mnist")
PAGES = Path(__file__).resolve().parent.parent.parent / "pages"
WHAT = (
    "A diffusion model makes a picture out of noise, in many small steps. Firstlight looks at such models: it shows "
    "from which step on a picture can be recognized, how good the finished ones are, and what changes where a model is "
    "trained or drawn from in another way. What a page concludes says how sure it is and of how many pictures it is."
)
SOURCE = (
    "**The source**, as the pages call it, is a course report on a class-conditional MNIST diffusion model. It says, "
    "for one, that a digit can be recognized at around 70 % of the steps. Each of its statements but the one on uses "
    "is tested here, on its own network and on others."
)
HOW = (
    "Press ▶ and the digit comes out of the noise: left what the model works on, right the picture that it sees in it. "
    "The curves say how probable a network that reads digits finds a {name} in each."
)
OWN = """\
- a folder of pictures, a subfolder for each class: `firstlight train --preset own --data FOLDER{flag}`
- a network that you have: `firstlight adopt FILE.onnx{flag}`
- what another tool logged: `firstlight import-metrics SOURCE{flag}`
- your own training loop: `run = firstlight.record("mine")`, and `run.log(step, loss=…)` in it
"""


def words() -> None:
    """What this is, and what "the source" is."""
    st.markdown(WHAT)
    st.markdown(SOURCE)


def picture() -> None:
    """One stored trajectory of a bundled run, whatever the archive holds; nothing moves before one presses play."""
    run = archive.ask_bundled("runs", runs=[SHOWN]).iloc[0]
    choices = archive.ask_bundled("trajectory_choices", run=SHOWN)
    sample = int(choices.loc[choices["label"] == CLASS, "sample"].iloc[0])
    shown = trajectories.read(run, sample, archive.ask_bundled, lambda run: Run(BUNDLED / str(run["run"])))
    name = run_facts.class_names(run)[CLASS]
    elements.headline(headline.sentence(shown, name, _half(shown)))
    elements.note(HOW.format(name=name))
    two = replace(shown, stacks={view: shown.stacks[view] for view in ("x", "denoised")})
    strip = two.strip(name, run_facts.class_names(run))
    of = {"run": SHOWN, "class": name, "seed": shown.row["seed"]}
    scrubber.scrubber(scrubber.content_of([strip], "% of steps", elements.dark(), 0), "first-light", of)


def _half(shown: trajectories.Trajectory) -> Estimate | None:
    """By how many per cent of the run's own steps half of all its pictures are recognizable, by the same judge."""
    return None if shown.looked.empty else _half_by(str(shown.looked["judge"].iloc[0]), shown.threshold)


@st.cache_resource(max_entries=1, show_spinner=False)
def _half_by(judge: str, threshold: float) -> Estimate:
    config = card_of(Run(BUNDLED / SHOWN))["config"]
    return half(points(seen_by(archive.ask_bundled, SHOWN, "x", judge, config), threshold))


def ways() -> None:
    """Three ways on, each with its page."""
    here = {run: archive.sound_run(run) is not None for run in {SHOWN, *COMPARED}}
    watch = {"run": SHOWN, "class": str(CLASS)} if here[SHOWN] else {}
    compare = dict(zip(("run", "baseline"), COMPARED, strict=True)) if all(here[run] for run in COMPARED) else {}
    first, second, third = st.columns(3, gap="large")
    with first:
        st.subheader("Watch a 3 appear", anchor=False)
        st.markdown("Step by step, with every judge's answer, and what it becomes with other noise from any step on.")
        st.page_link(PAGES / "trajectory.py", label="Watch on Trajectory", query_params=watch)
    with second:
        st.subheader("Compare two runs", anchor=False)
        st.markdown("What differs, by how much, and whether that can be told from chance.")
        which = "the source's network with another" if compare else "on Compare"
        st.page_link(PAGES / "compare.py", label=f"Compare {which}", query_params=compare)
    with third:
        st.subheader("Bring your own", anchor=False)
        st.markdown(OWN.format(flag=archive.flag()))
        st.page_link(PAGES / "runs.py", label="It appears under Runs")
    st.page_link(PAGES / "glossary.py", label="A word you do not know? The Glossary has them all.")


def here() -> None:
    """How many runs the archive holds; where there are none, how to make one."""
    archive.chosen_run()
    sound = archive.offered()["sound"].iloc[0]
    elements.note(f"This archive holds {sound:,} run{'' if sound == 1 else 's'}.")
