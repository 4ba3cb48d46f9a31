"""A run as names and values: its classes, its recipe, its quality."""

import json
import math
import re
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from dashboard.format import duration, estimate_of, figure, pronoun
from evaluator.stats.intervals import Estimate
from firstlight.counts import counted
from firstlight.interval_text import listed
from firstlight.run_json import SAME_PICTURES
from firstlight.seen_in_training import SAID
from firstlight.seen_in_training import seen_in_training as seen_before

UNKNOWN = re.compile(r"\bnan\b|<NA>")  # how a number that is not known looks in words
NAMED = ("Run", "Trained on", "Began with", "Adopted")  # names that people gave, whatever they are
FIGURES = {  # metric of the query `quality` -> what it is called, and how its value is written
    "accuracy": ("Accuracy of the asked class", "{:.2f} %"),
    "frechet": ("Fréchet distance in the judge's features", "{:.3f}"),
    "frechet_floor": ("Fréchet distance between real pictures", "{:.3f}"),
    "frechet_ratio": ("Fréchet distance over that between real pictures", "{:.2f}"),
    "kid_by_class": ("Kernel inception distance", "{:.4f}"),
    "precision": ("Precision", "{:.2f} %"),
    "precision_real": ("Precision of real pictures", "{:.2f} %"),
    "recall": ("Recall", "{:.2f} %"),
    "recall_real": ("Recall of real pictures", "{:.2f} %"),
    "cas": ("Classification accuracy score", "{:.2f} %"),
    "cas_real": ("Classification accuracy score of real pictures", "{:.2f} %"),
    "cas_2000": ("CAS, taught by 2,000, one short fit", "{:.2f} %"),
    "cas_2000_real": ("CAS, taught by 2,000, one short fit, of real pictures", "{:.2f} %"),
}
DISTANCES = ("frechet", "frechet_ratio", "kid_by_class")  # no value: an older version's, which does not hold
OLDER = "measured by an older version"
AGAIN = "Distances to real pictures were measured by an older version, in a way that does not hold."
LEARNT = {  # settings that change what a loss measures, as they are called
    "dataset": "dataset", "prediction": "prediction", "sigma_data": "sigma_data",
    "teacher": "what they learn from, data or a teacher", "schedule": "the noise levels they learn at",
}  # fmt: skip
TESTED = ("cas", "cas_real", "cas_2000", "cas_2000_real")  # of real test pictures, not of generated ones


def began(run: pd.Series) -> str:
    """What the training of a run began with, where it was not random weights. run: a row of the query `runs`."""
    start = json.loads(run["config"] or "{}").get("start")
    return f"the weights of {start}" if start else ""


def went_on(run: pd.Series) -> str:
    """After which steps a finished training went on, and which epoch's weights were taken; empty for most."""
    steps, epoch = run.get("extended"), run.get("weights_of_epoch")
    known = list(steps) if isinstance(steps, Collection) else []
    after = [*(f"{step:,}" for step in known[:-1]), *(counted(step, "step") for step in known[-1:])]
    said = [f"after it had finished with {' and '.join(after)}"] if after else []
    taken = [] if epoch is None or pd.isna(epoch) else [f"the weights are those of epoch {epoch:.0f}"]
    return "; ".join(said + taken)


def recipe(run: pd.Series) -> list[tuple[str, str]]:
    """How a run was trained, honestly: names and values. run: a row of the query `runs`."""
    config = json.loads(run["config"] or "{}")
    batch = f" of {counted(config['batch'], 'picture')}" if config.get("batch") else ""
    known = [
        ("Run", str(run["run"]) if run["name"] in ("", run["run"]) else f"{run['run']}, {run['name']}"),
        ("Trained on", str(run["dataset"]) if pd.isna(run["pictures"]) else
                       f"{counted(run['pictures'], 'picture')} of {run['dataset']}"),
        ("Test pictures", "learned from too (seen in training)" if seen_in_training(run) else ""),
        ("Began with", began(run)),
        ("For", f"{run['epoch']:.1f} epochs, {counted(run['step'], 'step')}{batch}"
                if config else counted(run["step"], "step")),
        ("Went on", went_on(run)),
        ("In", f"{duration(run['seconds'])} on {run['device'] or 'an unknown device'}"),
        ("Network", f"{run['parameters']:,.0f} parameters, widths {_list(config.get('widths'))}"),
        ("Learns", f"{config.get('prediction', '?')} prediction on the {config.get('schedule', '?')} schedule, "
                   f"{100 * config.get('label_dropout', 0):.0f} % label dropout"),
        ("Optimizer", f"Adam, learning rate {config.get('learning_rate', '?')}, "
                      + (f"average of weights {config['ema']}" if config.get("ema") else "no average of weights")),
        ("Draws with", f"{run['solver']}, {counted(run['sampling_steps'], 'step')}, guidance {run['guidance']:g}"
                       + (f", the network told {config['shift']:g} more noise" if config.get("shift") else "")),
        ("Seed", f"{run['seed']:.0f}"),
        ("Started", "nan" if pd.isna(run["started"]) else f"{run['started']:%Y-%m-%d %H:%M} UTC"),
    ]  # fmt: skip
    if not config:  # recorded: its recipe is its owner's
        known = [each for each in known if each[0] not in ("Learns", "Optimizer", "Draws with")]
    elif config.get("adopted"):  # so is an adopted network's; how it draws is known
        unknown = ("Learns", "Optimizer", "Seed", *(() if run["step"] else ("For", "In")))
        known = [("Adopted", str(config["adopted"])) if name == "Learns" else
                 (name, f"{run['parameters']:,.0f} parameters" if name == "Network" else value)
                 for name, value in known if name == "Learns" or name not in unknown]  # fmt: skip
    said = [(name, value) for name, value in known if value and (name in NAMED or not UNKNOWN.search(value))]
    return said + ([("It says", str(run["reason"]))] if run["reason"] else [])


def seen_in_training(run: pd.Series) -> str:
    """That a run learned from the test pictures too, a sentence; empty for others. run: a row of the query `runs`."""
    seen = seen_before(str(run["dataset"]), None if pd.isna(run["pictures"]) else float(run["pictures"]))
    return f"{run['run']} {SAID}." if seen else ""


def quality(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Names and values of a run's quality, with interval, n and judge. frame: the query `quality`."""
    whole = frame[frame["label"].isna()].set_index("metric")
    pairs = []
    for metric, (name, form) in FIGURES.items():
        if metric in whole.index:
            pairs.append((name, quality_figure(metric, estimate_of(whole.loc[metric]), form)))
    counts = sorted({f"{n:,.0f}" for n in whole.drop(index=TESTED, errors="ignore")["n"]})
    judges = ", ".join(sorted(set(whole["judge"].astype(str)) - {""}))
    return [*pairs, ("Generated pictures", " or ".join(counts)), *([("Judged by", judges)] if judges else [])]


def quality_figure(metric: str, found: Estimate, form: str) -> str:
    """A figure of quality as text, or that an older version measured it."""
    return OLDER if metric in DISTANCES and math.isnan(found.value) else figure(found, form)


def again(frame: pd.DataFrame) -> list[str]:
    """Runs with distances that an older version measured. frame: the query `quality`."""
    older = frame["metric"].isin(DISTANCES) & frame["value"].isna()
    return [str(run) for run in frame.loc[older, "run"].unique()]


def _list(values: Any) -> str:
    return " and ".join(str(value) for value in values) if isinstance(values, list) else "not known"


def other_classes(one: pd.Series, other: pd.Series) -> bool:
    """Whether the classes of two runs are not the same things: other pictures, or other classes of the same."""
    kinds = [(SAME_PICTURES.get(run["dataset"], run["dataset"]), tuple(class_names(run))) for run in (one, other)]
    return kinds[0] != kinds[1]


def unlike_losses(settings: pd.DataFrame) -> str:
    """Why the losses of several runs cannot be compared, a sentence; empty where they can. settings: that query."""
    return unlike(settings.loc[settings["differs"], "setting"], "compare shapes, not heights")


def unlike_order(names: Sequence[str]) -> str:
    """Why an order by loss is none of better and worse, a sentence; empty where it is. names: query `unlike_losses`."""
    return unlike(names, f"lower is better only among runs that agree in {pronoun(names)}")


def unlike(names: Collection[str], so: str) -> str:
    """That runs which differ in these settings have losses of unlike kinds, and so what; empty where none is one."""
    other = [words for name, words in LEARNT.items() if name in set(names)]
    return f"The runs differ in {listed(other)}, so losses are not of one scale: {so}." if other else ""


def what_it_draws(run: pd.Series) -> str:
    """What a run draws, the beginning of a sentence."""
    return f"{run['run']} draws {counted(len(class_names(run)), 'class')} of {run['dataset']}"


def class_names(run: pd.Series) -> list[str]:
    """The classes of the run's data set, in their order, each different from the others."""
    names = [str(name) for name in run["classes"]] if run["classes"] is not None else []
    return [name if names.index(name) == place else f"{name} ({place})" for place, name in enumerate(names)] or ["0"]
