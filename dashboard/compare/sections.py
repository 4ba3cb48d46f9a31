"""What the Compare page shows of several runs: its sentence, and one section for each kind of difference.

The seam is here because runs may differ in everything, data set included: each section says what can be compared, and
names what cannot.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import axes, run_facts
from dashboard.axes import estimate_at
from dashboard.charts import loss
from dashboard.compare import across_datasets, charts, differences
from dashboard.compare.differences import Row
from dashboard.compare.finding import Recognized
from dashboard.components import control_bar, elements, inputs
from dashboard.components import scrubber as components_scrubber
from dashboard.data import archive, judgements, thresholds
from dashboard.format import axis_form, estimate, written
from dashboard.run_facts import other_classes, what_it_draws
from dashboard.trajectory import stored

SMOOTHING = ["0", "100", "500", "2000"]
LEARNT = ("dataset", "prediction", "sigma_data")  # settings that change what a loss measures
PARTS = ["Recognizability", "Step by step", "Quality", "CLIP", "Loss", "Configuration"]


def chosen() -> pd.DataFrame:
    """The compared runs, the baseline first: rows of the query `runs`. Ends the page where there is only one."""
    run, frame = archive.chosen_run(), archive.ask("runs")
    usable = frame[frame["state"] != "damaged"].set_index("run", drop=False)
    if len(usable) < 2:
        elements.stop(f"{run['run']} is the only run. Make another with: firstlight train --preset tiny")
    ids = list(dict.fromkeys([st.session_state["baseline"], *control_bar.chosen_others(run)]))
    if len(ids) < 2:  # the baseline itself was chosen: the best of the others stands beside it
        ids.append(str(usable.drop(index=ids).sort_values("accuracy", ascending=False, kind="stable").index[0]))
    return usable.loc[ids]


def chosen_view() -> str:
    """What the judges look at, a key of recognition.VIEWS."""
    names = {name: view for view, name in judgements.VIEWS.items()}
    return names[inputs.pick("Judged on", list(names), judgements.VIEWS["x"], "on", width=200)]


def recognized(runs: pd.DataFrame, axis: str, view: str) -> Recognized:
    """Every run against the baseline, judged on one view: differences from it where the classes are the same things,
    with one threshold for all of these, the strictest of the runs; else every run's own course, at its own threshold.
    """
    ids = [str(run) for run in runs["run"]]
    base = runs.loc[ids[0]]
    looks = {run: look for run in ids for look in judgements.looks(run) if look.view == view}
    lacking = [run for run in ids if run not in looks]
    remarks = [f"{run} is not judged on this. Do it with: firstlight evaluate recognizability {run}" for run in lacking]
    own = {run: thresholds.threshold(archive.folder(runs.loc[run]), view) for run in ids}
    apart = [run for run in ids if other_classes(runs.loc[run], base)]
    courses = [across_datasets.course(runs.loc[run], looks.get(run), own[run]) for run in ids] if apart else []
    remarks += [
        f"{what_it_draws(runs.loc[run])} and {what_it_draws(base)}: their pictures make no pairs, so nothing is "
        "subtracted."
        for run in apart
    ]
    akin = [run for run in ids if run in looks and run not in apart]
    if ids[0] in lacking or len(akin) < 2:
        return Recognized(view, thresholds.THRESHOLD, [], remarks, courses)
    threshold, rows = max(own[run] for run in akin), []
    for run in akin[1:]:
        shared = _same_noise(runs.loc[run], base)
        if not shared:
            remarks.append(
                f"{run} draws pictures of another size than {ids[0]}: they make no pairs, so only all classes together "
                "are compared."
            )
        rows += _contrasts(looks[run], looks[ids[0]], threshold, tuple(run_facts.class_names(base)), axis, shared)
    return Recognized(view, threshold, rows, remarks, courses)


@st.cache_data(max_entries=256, show_spinner=False)  # two thousand bootstrap draws for each row
def _contrasts(
    own: judgements.Look, base: judgements.Look, threshold: float, classes: tuple[str, ...], axis: str, shared: bool
) -> list[Row]:
    points = [judgements.found(look, threshold) for look in (own, base)]
    return differences.contrasts(own.run, points[0], points[1], classes, axis, shared)


def _same_noise(one: pd.Series, other: pd.Series) -> bool:
    """Whether a seed is the same noise in both runs."""
    return bool(one["size"] == other["size"] and one["channels"] == other["channels"])


def recognizability(runs: pd.DataFrame, found: Recognized, axis: str) -> None:
    """When each class is recognized: as differences from the baseline, or in order where classes are others."""
    base = str(runs["run"].iloc[0])
    for remark in found.remarks:
        elements.note(remark)
    if found.courses:
        _in_order(runs, found, axis)
    if found.rows:
        _differences(runs, found, axis)
    elif not found.courses:
        elements.note(f"No run can be held against {base} on this.")


def _in_order(runs: pd.DataFrame, found: Recognized, axis: str) -> None:
    """The courses of runs that draw other things, with theory's point for each, and whether theory orders them."""
    first, *others = found.courses
    for other in others[1:]:
        if other_classes(runs.loc[other.run], runs.loc[first.run]):
            elements.note(across_datasets.sentence(first, other))
    seen = [course for course in found.courses if course.mean is not None]
    if seen:
        told = {each.run: estimate_at(runs.loc[each.run], each.predicted, axis) for each in seen if each.predicted}
        half = {each.run: estimate_at(runs.loc[each.run], each.half, axis) for each in seen}
        figure, data = charts.courses(seen, told, half, axis), across_datasets.numbers(seen)
        elements.chart(figure, "courses", "Recognizable by then, a line for each run", data)
        elements.note(
            "Thick: the share recognizable from then on, each class of a run weighing the same, with its 95 % interval "
            "from whole noise seeds drawn again together; thin: its classes; the point: half, on the straight line "
            "between two kept frames. Dashed: the level at which theory decides the class, −ln Λ. Each run before its "
            f"own judge, which looks at {judgements.VIEWS[found.view]}, at the threshold that this judge's null asks "
            "for: heights depend on the judge, so only the order is held against theory."
        )
    elements.table(*across_datasets.table(found.courses), "courses-table")
    for course in found.courses:
        if not course.cloned.n:
            elements.note(
                f"{course.run}'s chains were not copied. Do it with: firstlight evaluate speciation {course.run}"
            )


def _differences(runs: pd.DataFrame, found: Recognized, axis: str) -> None:
    """Differences of classes that are the same things."""
    base = str(runs["run"].iloc[0])
    elements.chart(charts.differences(found.rows, axis, [*runs["run"]]), "differences", f"Differences from {base}")
    elements.note(
        f"Pictures of the same noise and class, one from each run, looked at as {judgements.VIEWS[found.view]}: where "
        f"they are recognized with probability {found.threshold:.2f} or more from then on; what never is counts as "
        "recognized at the end. 95 % intervals, whole noise seeds drawn again together."
    )
    unit, form = axes.UNITS[axis], axis_form(axis, 1)
    rows = [
        (row.run, row.name, written(row.own, form), written(row.baseline, form),
         estimate(row.difference, f"+{form}"), f"{row.difference.n:,}")
        for row in found.rows
    ]  # fmt: skip
    elements.table(("run", "class", f"mean, {unit}", f"{base}, mean", "difference [95 %]", "n"), rows, "recognized")


def quality(runs: pd.DataFrame) -> None:
    """Every figure of quality of every run, and its difference from the baseline's."""
    ids = [str(run) for run in runs["run"]]
    headings, rows = differences.quality(archive.ask("quality", runs=ids), ids)
    if not rows:
        elements.note(f"None of these runs is evaluated. Do it with: firstlight evaluate quality {ids[0]}")
        return
    elements.table(headings, rows, "quality")
    lacking = [run for place, run in enumerate(ids) if not any(row[1 + place] for row in rows)]
    for run in lacking:
        elements.note(f"{run} is not evaluated. Do it with: firstlight evaluate quality {run}")
    if any(cell == differences.OTHER for row in rows for cell in row):
        elements.note(
            "Before different judges, figures stand side by side: each judge has its own errors and features."
        )
    elements.note(
        "Values with 95 % intervals; differences in percentage points where values are in %, from both intervals."
    )


def losses(runs: pd.DataFrame) -> None:
    """Loss curves, the baseline thick; repetitions with other seeds as mean and band."""
    ids = [str(run) for run in runs["run"]]
    settings = archive.ask("settings", runs=ids)
    alike = differences.groups(settings, ids)
    with st.container(horizontal=True):
        smoothing = inputs.choose("Smoothing, steps", SMOOTHING, "smoothing", "100")
        up = inputs.choose("Loss axis", ["logarithmic", "linear"], "loss")
        along = inputs.choose("Steps axis", ["linear", "logarithmic"], "steps-axis")
        by = inputs.choose("Along", ["step", "epoch"], "along")
        outliers = inputs.choose("Outliers", ["shown", "cut"], "outliers", help="cut: the axis spans 98 % of values")
        repeated = any(len(group) > 1 for group in alike)
        together = repeated and inputs.choose("Seeds", ["together", "apart"], "seeds") == "together"
    named = {run: _group_name(group) if together else run for group in alike for run in group}
    names = list(dict.fromkeys(named[run] for run in ids))
    frame = archive.ask("loss_bands", runs=ids, ids=ids, names=[named[run] for run in ids], smoothing=int(smoothing))
    if frame.empty:
        elements.note("None of these runs has losses yet; they appear while it trains.")
        return
    figure = loss.loss_bands(
        frame, names, by, log_x=along == "logarithmic", log_y=up == "logarithmic", outliers=outliers == "shown"
    )
    elements.chart(figure, "loss-bands", "Loss of the runs", frame)
    if together:
        elements.note(
            "Runs that differ only in their seed: the line is their mean, the band from the lowest to the highest."
        )
    other = [name for name in LEARNT if settings.loc[settings["setting"] == name, "differs"].any()]
    if other:
        elements.note(
            f"The runs differ in {' and '.join(other)}, so losses are not of one scale: compare shapes, not heights."
        )


def _group_name(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"{group[0]}, {len(group)} seeds"


def configuration(runs: pd.DataFrame) -> None:
    """Settings side by side; what is equal is hidden."""
    ids = [str(run) for run in runs["run"]]
    every = inputs.choose("Settings", ["different", "all"], "settings") == "all"
    frame = archive.ask("settings", runs=ids)
    headings, rows = differences.settings(frame, ids, every)
    if not rows:
        elements.note("These runs have the same settings.")
        return
    elements.table(headings, rows, "settings")
    equal = frame.loc[~frame["differs"], "setting"].nunique()
    if not every and equal:
        elements.note(f"{equal} settings on which all agree are hidden.")


def step_by_step(runs: pd.DataFrame, axis: str) -> None:
    """The same noise and class from every run, moved by one control."""
    first = runs.iloc[0]
    name = run_facts.class_names(first)[
        min(control_bar.chosen_class(archive.chosen_run()), len(run_facts.class_names(first)) - 1)
    ]
    rows = {str(run["run"]): _stored(run, name) for _, run in runs.iterrows()}
    for run in [run for run, held in rows.items() if held.empty]:
        elements.note(f"{run} has no trajectory of {name}. Make some with: firstlight trace {run}")
    rows = {run: held for run, held in rows.items() if not held.empty}
    seeds = sorted(set.intersection(*(set(held["seed"]) for held in rows.values()))) if rows else []
    if not seeds:
        elements.note("These runs have no noise seed in common.")
        return
    seed = int(inputs.pick("Noise seed", [str(seed) for seed in seeds], str(seeds[0]), "noise"))
    strips = [_strip(runs.loc[run], held, seed) for run, held in rows.items()]
    stored.place_asked()
    components_scrubber.scrubber(components_scrubber.content_of(strips, axis, elements.dark()), "compared")
    if any(not _same_noise(runs.loc[run], first) for run in rows):
        elements.note("The pictures differ in size, so the same seed is not the same noise in all of them.")
    for run in [run for run in rows if str(first["run"]) in rows and other_classes(runs.loc[run], first)]:
        elements.note(f"{what_it_draws(runs.loc[run])}: its row makes no pair with that of {first['run']}.")
    elements.note("Each row shows the frame that it keeps nearest to the chosen place." if len(strips) > 1 else "")


def _stored(run: pd.Series, name: str) -> pd.DataFrame:
    """The stored trajectories of the class with this name, else of the class at its place in the first run."""
    choices, classes = archive.ask("trajectory_choices", run=run["run"]), run_facts.class_names(run)
    label = (
        classes.index(name)
        if name in classes
        else min(control_bar.chosen_class(archive.chosen_run()), len(classes) - 1)
    )
    return choices[choices["label"] == label]


def _strip(run: pd.Series, held: pd.DataFrame, seed: int) -> components_scrubber.Strip:
    one = stored.read(run, int(held.loc[held["seed"] == seed, "sample"].iloc[0]))
    classes = run_facts.class_names(run)
    return one.strip(f"{run['run']}, {classes[int(one.row['label'])]}", classes)
