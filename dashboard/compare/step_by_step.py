"""The tab Step by step: the same noise and class from every run, moved by one control."""

import pandas as pd

from dashboard import run_facts
from dashboard.compare.comparison import Comparison, same_noise
from dashboard.components import control_bar, elements, inputs, remedy, scrubber
from dashboard.data import archive, trajectories
from dashboard.run_facts import other_classes, what_it_draws
from dashboard.trajectory import stored


def draw(at: Comparison) -> None:
    """The rows, the noise to choose, and what makes no pair."""
    runs, first = at.runs, at.runs.iloc[0]
    classes = run_facts.class_names(first)
    name = classes[min(control_bar.chosen_class(archive.chosen_run()), len(classes) - 1)]
    choices = {str(run["run"]): _choices(run, name) for _, run in runs.iterrows()}
    for run in [run for run, rows in choices.items() if rows.empty]:
        remedy.note(f"{run} has no trajectory of {name}.", run, "trace")
    choices = {run: rows for run, rows in choices.items() if not rows.empty}
    seeds = sorted(set.intersection(*(set(rows["seed"]) for rows in choices.values()))) if choices else []
    if not seeds:
        elements.note("These runs have no noise seed in common.")
        return
    seed = int(inputs.pick("Noise seed", [str(seed) for seed in seeds], str(seeds[0]), "noise"))
    strips = [_strip(runs.loc[run], rows, seed) for run, rows in choices.items()]
    stored.check_place()
    scrubber.scrubber(scrubber.content_of(strips, at.axis, elements.dark()), "compared", {"seed": seed})
    _pairs(runs.loc[list(choices)], first)


def _pairs(runs: pd.DataFrame, first: pd.Series) -> None:
    """Say which rows are no pair with the first run's."""
    if any(not same_noise(run, first) for _, run in runs.iterrows()):
        elements.note("The pictures differ in size, so the same seed is not the same noise in all of them.")
    for _, run in runs.iterrows():
        if first["run"] in runs.index and other_classes(run, first):
            elements.note(f"{what_it_draws(run)}: its row makes no pair with that of {first['run']}.")
    elements.note("Each row shows the frame that it keeps nearest to the chosen place." if len(runs) > 1 else "")


def _choices(run: pd.Series, name: str) -> pd.DataFrame:
    """The stored trajectories of the class with this name, else of the class at its place in the first run."""
    choices, classes = archive.ask("trajectory_choices", run=run["run"]), run_facts.class_names(run)
    label = (
        classes.index(name)
        if name in classes
        else min(control_bar.chosen_class(archive.chosen_run()), len(classes) - 1)
    )
    return choices[choices["label"] == label]


def _strip(run: pd.Series, rows: pd.DataFrame, seed: int) -> scrubber.Strip:
    one = trajectories.read(run, int(rows.loc[rows["seed"] == seed, "sample"].iloc[0]))
    classes = run_facts.class_names(run)
    return one.strip(f"{run['run']}, {classes[int(one.row['label'])]}", classes)
