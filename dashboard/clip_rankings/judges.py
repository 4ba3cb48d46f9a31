"""Judges: whether the order is the judge's own, whether the classifier has the same, what a probability is worth."""

from collections.abc import Sequence

import pandas as pd

from dashboard.charts import clip
from dashboard.clip_rankings.choice import Choice
from dashboard.components import calibration, elements, remedy
from dashboard.components.csv_download import unrounded
from dashboard.data import archive, clip_scores
from dashboard.format import estimate
from evaluator.clip.agreement import like_real, named_alike, same_order
from evaluator.stats.intervals import Estimate

KAPPA = "Cohen's κ, pictures"


def draw(at: Choice, _runs: Sequence[str]) -> None:
    """Whether the order is the judge's own, whether the classifier has the same, and what its probability is worth."""
    real = {label: each.score.value for label, each in at.real.items()}
    labels = [place.label for place in at.order.rows]
    columns = {f"{at.look.judge}, this run": labels}
    held: list[tuple[str, str, Estimate]] = []
    if at.score != "z":  # real pictures have a z-score of nothing by its definition
        columns[f"{at.look.judge}, real pictures"] = sorted(labels, key=lambda label: -real.get(label, 0.0))
        held.append(("its own order of real pictures", "Spearman's ρ, classes", like_real(at.order, real)))
    classifier = clip_scores.classifier(at.look)
    if classifier is None:
        remedy.note("No classifier has looked at these pictures.", at.look.run, "clip")
    else:
        frame, order = classifier
        name = str(frame["judge"].iloc[0])
        columns[f"{name}, this run"] = [place.label for place in order.rows]
        held.append((f"{name}'s order by its probability", "Spearman's ρ, classes", same_order(at.order, order)))
        held.append((f"{name}'s first choice", KAPPA, _kappa(at, frame)))
    if len(columns) > 1:
        figure = clip.orders(columns, at.classes, clip.apart(at.order))
        data = pd.DataFrame({name: [at.classes[label] for label in order] for name, order in columns.items()})
        elements.chart(figure, "clip-judges", "Ranks of the classes in several orders", data)
    rows = [(against, kind, *_value(found, 3 if kind == KAPPA else 2)) for against, kind, found in held]
    named = {"held against": [row[0] for row in held], "agreement": [row[1] for row in held]}
    data = unrounded([found for *_, found in held], **named)
    elements.table(("held against", "agreement", "value [95 %]", "n"), rows, "clip-judges-table", data)
    elements.note(
        "An order that follows the judge's order of real pictures says something of the judge. Intervals draw whole "
        "noise seeds again; the scores of real pictures are taken as known."
    )
    own = {at.look.judge: clip_scores.calibrations(at.look.run).get(at.look.judge, [])}
    calibration.draw(calibration.rows_of(own), "Its probability")
    calibration.of_clips(own, at.look.run)


def _kappa(at: Choice, classifier: pd.DataFrame) -> Estimate:
    """How far CLIP and a classifier name the same pictures alike."""
    own = archive.ask("clip_scores", run=at.look.run, clip=at.look.judge, template=at.look.template)
    both = own.merge(classifier, on="sample", suffixes=("", "_other"))
    return named_alike(both["top"].to_numpy(), both["top_other"].to_numpy(), both["seed"].to_numpy())


def _value(found: Estimate, decimals: int = 2) -> tuple[str, str]:
    return estimate(found, f".{decimals}f", unknown="cannot be said"), f"{found.n:,}"
