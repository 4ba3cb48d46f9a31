"""What stands behind a CLIP ranking, a part for each question that it raises.

The seam is here because a part that is not open computes nothing: each takes what is chosen and draws itself.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.charts import clip
from dashboard.clip_rankings.overview import Scored, like
from dashboard.clip_rankings.text import ALL_PROMPTS, digits
from dashboard.components import downloads, elements
from dashboard.data import archive, clip_scores
from dashboard.format import estimate, estimate_of, rank, share, written
from dashboard.pictures.grids import MOST_MOMENTS, evenly
from dashboard.pictures.plate import plate, unpack
from evaluator.clip.agreement import like_real, named_alike, same_order
from evaluator.clip.ranking import Order, ordered
from evaluator.stats.intervals import Estimate

SHOWN = 8  # best, and worst, pictures of a class


def pictures(at: Scored, _runs: Sequence[str]) -> None:
    """The best and the worst pictures of each class."""
    frame = archive.ask("clip_pictures", run=at.look.run, clip=at.look.judge, template=at.look.template)
    if frame.empty:
        elements.note(f"{at.look.run} keeps no scored pictures. Keep them with: firstlight evaluate clip {at.look.run}")
        return
    left, right = st.columns(2, gap="large")
    for place, name, best in ((left, "Best", True), (right, "Worst", False)):
        with place:
            st.subheader(name, anchor=False)
            st.image(_plate(frame, at, best), output_format="PNG", alt=f"{name} pictures of each class by {at.score}")
    judge = frame["classifier"].dropna()
    other = f" or {judge.iloc[0]}" if len(judge) else ""
    elements.note(
        f"The {name_of(at)} falls from left to right on the left, and rises on the right; an amber corner marks what "
        f"{at.look.judge}{other} takes for another class."
    )
    kept = frame.drop(columns="image").assign(label=[at.classes[label] for label in frame["label"]])
    downloads.save_rows(kept, "clip-pictures")


def _plate(frame: pd.DataFrame, at: Scored, best: bool) -> bytes:
    """The pictures of each class, the best or the worst first."""
    size, channels = int(at.run["size"]), int(at.run["channels"])
    labels = sorted(frame["label"].unique())
    images = np.zeros((len(labels), SHOWN, size, size, channels), np.uint8)
    missing, wrong = set(np.ndindex(len(labels), SHOWN)), set()
    for row, label in enumerate(labels):
        own = frame[frame["label"] == label].sort_values([at.score, "sample"], ascending=[not best, True])
        for column, each in enumerate(own.head(SHOWN).itertuples()):
            if len(each.image) != size * size * channels:
                continue
            images[row, column] = unpack(bytes(each.image), size, channels)[0]
            missing.discard((row, column))
            if each.top != label or (each.classifier_top == each.classifier_top and each.classifier_top != label):
                wrong.add((row, column))
    return plate(images, 2, [at.classes[label] for label in labels], marked=wrong, missing=missing)


def name_of(at: Scored) -> str:
    """The score in words."""
    return clip_scores.SCORES[at.score]


def prompts(at: Scored, _runs: Sequence[str]) -> None:
    """What another prompt would change."""
    means = at.means
    labels = [place.label for place in at.order.rows]
    table = means[labels].rank(axis=1, ascending=False)
    names = [ALL_PROMPTS if name == clip_scores.TOGETHER else name for name in means.index]
    table.index, table.columns = names, [at.classes[label] for label in labels]
    said = pd.DataFrame(
        [[f"{name}, {head}: mean {means.loc[template, label]:.4f}, rank {table.loc[name, head]:.0f}"
          for label, head in zip(labels, table.columns, strict=True)]
         for template, name in zip(means.index, names, strict=True)]
    )  # fmt: skip
    shown = table.map(lambda rank: f"{rank:.0f}")
    figure = clip.rank_map(table, said, shown, "class", "", elements.dark())
    elements.chart(figure, "clip-prompts", "Rank of each class with each prompt", means.reset_index())
    frame = archive.ask("clip_judges", run=at.look.run)
    own = frame[frame["judge"] == at.look.judge].set_index("template")
    seen = clip_scores.notes(archive.folder(at.run), at.look.judge).get("seen") or []
    rows = []
    for template, name in zip(means.index, names, strict=True):
        row = own.loc[template]
        right = share(estimate_of(row, "share"))
        trained = "" if template == clip_scores.TOGETHER or not seen else "yes" if template in seen else "no"
        rows.append((name, trained, right, f"{int(row['n']):,}"))
    elements.table(("prompt", "seen in training", "named as asked [95 %]", "n"), rows, "clip-prompts-table")
    elements.note(
        f"Ranks by mean {name_of(at)}, classes in the order of the prompt chosen above; ranks of single prompts "
        "have the same uncertainty. {c} stands for the class."
    )


def runs(at: Scored, ids: Sequence[str]) -> None:
    """The same judge's order of other runs."""
    found = {run: other for run in ids if (other := like(run, at)) is not None}
    if len(found) < 2:
        elements.note("Choose other runs beside this one; those that this judge has scored stand here.")
        return
    same = {run: other.order for run, other in found.items() if other.classes == at.classes}
    for run in [run for run in found if run not in same]:
        elements.note(f"{run} draws other classes than {at.look.run}, so it has no place in this ranking.")
    elements.chart(
        clip.beside(same, at.classes, f"mean {name_of(at)}"),
        "clip-runs", "Mean score of each class in each run", _places(same, at.classes),
    )  # fmt: skip
    headings = ("class", *(f"{run}, rank [95 %]" for run in same), *(f"{run}, {name_of(at)} [95 %]" for run in same))
    held = {run: {place.label: place for place in order.rows} for run, order in same.items()}
    rows = []
    for label, name in enumerate(at.classes):
        places = [held[run].get(label) for run in same]
        said = ["" if place is None else rank(place) for place in places]
        said += ["" if place is None else estimate(place.mean, f".{digits(same[run])}f")
                 for run, place in zip(same, places, strict=True)]  # fmt: skip
        rows.append((name, *said))
    elements.table(headings, rows, "clip-runs-table")
    for run, order in list(same.items())[1:]:
        elements.note(f"{run} against {at.look.run}: Spearman's correlation of the two orders {_rho(order, at.order)}.")


def _rho(one: Order, other: Order) -> str:
    """Of orders of different pictures: a value without an interval."""
    found = same_order(one, other)
    return f"{written(found.value)}, n = {found.n} classes" if found.n > 2 else "cannot be said of so few classes"


def _places(found: dict[str, Order], classes: Sequence[str]) -> pd.DataFrame:
    """The rows behind a chart of orders."""
    return pd.DataFrame(
        [
            {"run": run, "class": classes[place.label], "rank": place.rank,
             "rank_low": place.low, "rank_high": place.high, "value": place.mean.value,
             "low": place.mean.low, "high": place.mean.high, "n": place.mean.n}
            for run, order in found.items() for place in order.rows
        ]
    )  # fmt: skip


def training(at: Scored, _runs: Sequence[str]) -> None:
    """The ranking at every moment of training at which pictures were kept."""
    frame = archive.ask("clip_snapshots", run=at.look.run, clip=at.look.judge)
    if frame.empty:
        elements.note(
            f"The pictures kept through training are not scored. Do it with: firstlight evaluate clip {at.look.run}"
        )
        return
    moments = sorted(frame["epoch"].unique())
    moments = [moments[place] for place in evenly(len(moments), MOST_MOMENTS)]
    found = {f"{epoch:.1f}": _order(frame[frame["epoch"] == epoch], at.score) for epoch in moments}
    table, said, shown = (pd.DataFrame(index=list(at.classes), columns=list(found), dtype=kind)
                          for kind in (float, object, object))  # fmt: skip
    for epoch, order in found.items():
        sure = clip.apart(order)
        for place in order.rows:
            name = at.classes[place.label]
            table.loc[name, epoch] = place.rank
            shown.loc[name, epoch] = str(place.rank) if place.label in sure else "·"
            score = f"{estimate(place.mean, '.3f')}, n = {place.mean.n}"
            said.loc[name, epoch] = f"{name} at epoch {epoch}: rank {rank(place)}, {score}"
    figure = clip.rank_map(table, said.fillna(""), shown.fillna(""), "epoch", "class", elements.dark())
    elements.chart(figure, "clip-training", "Rank of each class through training", _places(found, at.classes).rename(
        columns={"run": "epoch"}))  # fmt: skip
    elements.note(_told(found, frame))


def _order(frame: pd.DataFrame, score: str) -> Order:
    values, labels, seeds = (frame[name].to_numpy() for name in (score, "label", "seed"))
    return ordered(values.astype(np.float64), labels.astype(np.int64), seeds.astype(np.int64))


def _told(found: dict[str, Order], frame: pd.DataFrame) -> str:
    """How much of the ranking through training can be believed."""
    sure = sum(len(clip.apart(order)) for order in found.values())
    every = sum(len(order.rows) for order in found.values())
    seeds = frame["seed"].nunique()
    return (
        f"Rank by mean score, bluer is better, all prompts together; a number: the rank can be told apart from all "
        f"others at that moment, as {sure} of {every} can; a dot: it cannot. Training keeps {seeds} pictures of each "
        "class, from the same noise each time."
    )


def judges(at: Scored, _runs: Sequence[str]) -> None:
    """Whether the order is the judge's own, and whether the classifier has the same."""
    other = clip_scores.classifier(at.look)
    real = {label: each.score.value for label, each in at.real.items()}
    labels = [place.label for place in at.order.rows]
    columns = {f"{at.look.judge}, this run": labels}
    rows = []
    if at.score != "z":  # real pictures have a z-score of nothing by its definition
        columns[f"{at.look.judge}, real pictures"] = sorted(labels, key=lambda label: -real.get(label, 0.0))
        rows.append(("its own order of real pictures", "Spearman's ρ, classes", *_shown(like_real(at.order, real))))
    if other is not None:
        frame, order = other
        name = str(frame["judge"].iloc[0])
        columns[f"{name}, this run"] = [place.label for place in order.rows]
        own = archive.ask("clip_scores", run=at.look.run, clip=at.look.judge, template=at.look.template)
        both = own.merge(frame, on="sample", suffixes=("", "_other"))
        kappa = named_alike(both["top"].to_numpy(), both["top_other"].to_numpy(), both["seed"].to_numpy())
        rows.append(
            (f"{name}'s order by its probability", "Spearman's ρ, classes", *_shown(same_order(at.order, order)))
        )
        rows.append((f"{name}'s first choice", "Cohen's κ, pictures", *_shown(kappa, 3)))
    else:
        elements.note(
            f"No classifier has looked at these pictures. It does with: firstlight evaluate clip {at.look.run}"
        )
    if len(columns) > 1:
        figure = clip.orders(columns, at.classes, clip.apart(at.order))
        elements.chart(figure, "clip-judges", "Ranks of the classes in several orders", pd.DataFrame(
            {name: [at.classes[label] for label in order] for name, order in columns.items()}))  # fmt: skip
    elements.table(("held against", "agreement", "value [95 %]", "n"), rows, "clip-judges-table")
    elements.note(
        "An order that follows the judge's order of real pictures says something of the judge. Intervals draw whole "
        "noise seeds again; the scores of real pictures are taken as known."
    )


def _shown(found: Estimate, decimals: int = 2) -> tuple[str, str]:
    return estimate(found, f".{decimals}f", unknown="cannot be said"), f"{found.n:,}"


PARTS = {"Pictures": pictures, "Prompts": prompts, "Judges": judges, "Runs": runs, "Training": training}
