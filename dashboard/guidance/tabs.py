"""What stands behind the answer of the Guidance page, a part for each question that it raises.

The seam is here because a part that is not open computes nothing: each takes what is chosen and draws itself.
"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import format, run_facts
from dashboard.charts.curves import Curve, Level, curves
from dashboard.charts.guidance import STYLES, name_of, weights
from dashboard.components import control_bar, elements, inputs, verdicts
from dashboard.data import archive
from dashboard.guidance.overview import DEFINED, MADE, MEASURES, Swept, judged
from dashboard.pictures.plate import plate, unpack
from evaluator.guidance.claims import s11, s12
from evaluator.guidance.judges import referee
from sampler.laws import LAWS


def sweep(at: Swept) -> None:
    """One measure against the scale, a line for each law."""
    words = inputs.pick("Measure", list(MEASURES), "accuracy", "measure", width=220)
    percent = MEASURES[words][1]
    frame = at.rows(words).rename(columns={"value": "share"})
    tried = frame[frame["scale"] >= 1]
    lines = []
    for law, (colour, dash, _) in STYLES.items():
        part = tried[tried["law"] == law]
        if len(part):
            kept = part.drop(columns=["low", "high"]) if part["low"].isna().all() else part
            lines.append(Curve(kept, name_of(law), colour, dash, form=".1%" if percent else ".3g"))
    best = at.real(words)
    levels = [] if best is None else [Level(best, "as many real pictures")]
    figure = curves(lines, "logSNR", words, levels=levels, percent=False, x=("scale", "guidance scale S"))
    if percent:
        figure["layout"]["yaxis"] |= {"tickformat": ".0%", "rangemode": "normal"}
    elements.chart(figure, "guidance-sweep", f"{words} against the scale, a line for each law", frame)
    elements.note(f"{words[0].upper()}{words[1:]}: {DEFINED[words]}. {judged(at)} Band: 95 % interval.")


def compared(at: Swept) -> None:
    """Laws against each other on the same noise."""
    rows = []
    for other in ("constant", "shuffled"):
        whole = {
            words: at.rows(words, other) for words in ("accuracy", "drift after correct", "Fréchet distance", "CAS")
        }
        keys = whole["accuracy"][["law", "scale", "n"]].itertuples(index=False)
        for law, scale, n in keys:
            cells = [_difference(frame, law, scale, MEASURES[words][1]) for words, frame in whole.items()]
            size = "all above 1" if scale != scale else f"{scale:g}"
            rows.append((name_of(law), name_of(other), size, *cells, f"{int(n):,}"))
    if not rows:
        elements.note(f"Only one law was drawn. Draw others with: {MADE} {at.run['run']}")
        return
    rows.sort(key=lambda row: (row[2] != "all above 1", row[0] != "CLIP-weighted"))
    heads = ("law", "against", "S", "accuracy, points [95 %]", "drift, points [95 %]", "Fréchet [95 %]",
             "CAS, points [95 %]", "n")  # fmt: skip
    elements.table(heads, rows, "guidance-compared")
    elements.note(
        f"The law less the other, picture by picture on the same noise; intervals over noise seeds. {judged(at)} "
        "Shuffled: CLIP's own weights, each given to another picture of the same step."
    )


def _difference(frame: pd.DataFrame, law: str, scale: float, percent: bool) -> str:
    same = frame["scale"].isna() if scale != scale else frame["scale"] == scale
    some = frame[(frame["law"] == law) & same]
    if some.empty or some["value"].iloc[0] != some["value"].iloc[0]:
        return "–"
    found = format.estimate_of(some.iloc[0])
    return format.points(found) if percent else format.estimate(found, "+.2f")


def cube(at: Swept) -> None:
    """Pictures of one class: laws down, scales across, the same noise everywhere."""
    label = control_bar.chosen_class(at.run)
    frame = archive.ask("guided_shown", run=at.run["run"], labels=[label], steps=at.steps)
    if frame.empty:
        elements.note("No pictures of this class are kept.")
        return
    name, count = run_facts.class_names(at.run)[label], frame["seed"].nunique()
    guided = frame[frame["scale"] > 1]
    for some, said in ((frame[frame["scale"] <= 1], "without guidance"), (guided, "under every law")):
        if len(some):
            alt = f"Pictures of {name} {said}: laws down, scales across, the same noise"
            st.image(_plate(at, some), output_format="PNG", alt=alt)
    elements.note(
        f"Class {name}, {at.steps} steps; of every S the same {count} noises in every row: above without guidance "
        "(S = 0: without the label), below under each law. An amber corner: the judge takes it for another class. The "
        "class is chosen in the bar above."
    )


def _plate(at: Swept, frame: pd.DataFrame) -> bytes:
    """Laws down, scales and their noises across."""
    laws = [law for law in LAWS if law in set(frame["law"])]
    scales, seeds = sorted(frame["scale"].unique()), sorted(frame["seed"].unique())
    size, channels = int(at.run["size"]), int(at.run["channels"])
    images = np.zeros((len(laws), len(scales) * len(seeds), size, size, channels), np.uint8)
    missing, marked = set(np.ndindex(images.shape[:2])), []
    for row in frame.itertuples():
        cell = (laws.index(row.law), scales.index(row.scale) * len(seeds) + seeds.index(row.seed))
        images[cell] = unpack(bytes(row.image), size, channels)[0]
        missing.discard(cell)
        if getattr(row, at.judge or referee(row.law)) != row.label:
            marked.append(cell)
    heads = [f"{scale:g}" if place == len(seeds) // 2 else "" for scale in scales for place in range(len(seeds))]
    return plate(images, 2, [name_of(law) for law in laws], [heads], ["S"], marked, missing)


def force(at: Swept) -> None:
    """The scale in force at each step of each kept picture under one law."""
    frame = archive.ask(
        "guided_shown", run=at.run["run"], labels=list(range(len(run_facts.class_names(at.run)))), steps=at.steps
    )
    laws = [law for law in LAWS if law in set(frame["law"])]
    if not laws:
        elements.note("No pictures are kept, and so no weights.")
        return
    with st.container(horizontal=True):
        names = [name_of(law) for law in laws]
        law = laws[names.index(inputs.pick("Law", names, name_of("clip"), "guided-law", width=200))]
        scales = [f"{scale:g}" for scale in sorted(frame.loc[frame["law"] == law, "scale"].unique())]
        scale = float(inputs.pick("Scale S", scales, scales[-1], "guided-scale", law))
    some = frame[(frame["law"] == law) & (frame["scale"] == scale)].sort_values(["label", "seed"])
    names = run_facts.class_names(at.run)
    grid = np.stack([np.asarray(row, np.float64) for row in some["scales"]])
    data = some[["law", "scale", "steps", "seed", "label", "scales"]]
    figure = weights(grid, [names[label] for label in some["label"]], some["seed"].tolist())
    elements.chart(
        figure, "guidance-weights", "Guidance scale in force, a row for each picture, a column for each step", data
    )
    elements.note(f"{name_of(law)}: {LAWS[law].words}. Mean over these pictures and steps: s = {np.nanmean(grid):.2f}.")


def claims(at: Swept) -> None:
    """What the source says of guidance, and what this run says; over all numbers of steps."""
    frame = archive.ask("guided", run=at.run["run"])
    columns = {name: frame[name].to_numpy() for name in ("law", "scale", "steps", "seed", "label", "cnn")}
    found = (*s11(columns), *s12(columns))
    verdicts.table(found, "guidance-claims", folded=False, measures=True)


PARTS = {"Sweep": sweep, "Compared": compared, "Pictures": cube, "Weights": force, "Claims": claims}
