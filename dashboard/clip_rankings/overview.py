"""The answer: the headline, the ranking as chart and table, and what the source says of it."""

from collections.abc import Sequence

from dashboard import format
from dashboard.charts import clip
from dashboard.clip_rankings import headline
from dashboard.clip_rankings.choice import Choice, like
from dashboard.clip_rankings.table import LEGEND, table
from dashboard.components import elements, remedy, verdicts
from dashboard.components.csv_download import unrounded
from dashboard.data import archive, clip_scores
from evaluator.clip.claims import s9
from evaluator.verdict import DIGITS, Verdict


def answer(at: Choice) -> None:
    """The headline, where the judge was trained, and what is missing."""
    elements.headline(headline.sentence(at.order, at.classes, at.score, at.look.judge))
    elements.notice(clip_scores.trained(archive.folder(at.run), at.look.judge, at.in_domain))
    missing = [name for label, name in enumerate(at.classes) if label not in {row.label for row in at.order.rows}]
    if missing:
        elements.note(
            f"There are no pictures of {' and '.join(missing)}, so nothing is said of {format.pronoun(missing)}."
        )


def chart(at: Choice) -> None:
    """The order with its ceilings, and the same as a table."""
    name = at.score_name
    means, labels = at.means, [place.label for place in at.order.rows]
    alone = means.drop(index=clip_scores.TOGETHER, errors="ignore")
    spread = {label: (float(alone[label].min()), float(alone[label].max())) for label in labels if len(alone)}
    headings, rows = table(at.order, at.classes, at.real, spread, name)
    figure = clip.ranking(at.order, at.classes, at.real, spread, f"mean {name}")
    elements.chart(figure, "clip-ranking", f"Classes ranked by mean {name}")
    elements.note(f"{LEGEND} {clip_scores.DEFINED[at.score]}")
    names = [at.classes[label] for label in labels]
    elements.table(headings, rows, "clip-ranking-table", lambda: unrounded(at.order.rows, name=names))


def claims(at: Choice, runs: Sequence[str]) -> None:
    """What the source says of CLIP scores, and what each chosen run says before the same judge."""
    found: list[tuple[str, Verdict]] = []
    for run in runs:
        other = like(run, at)
        if other is None:
            remedy.note(f"{run} is not scored by {at.look.judge}.", run, "clip")
        elif other.classes == DIGITS:
            found += [(run, verdict) for verdict in _verdicts(other)]
    if not found:
        return
    verdicts.table([each for _, each in found], "clip-claims", [run for run, _ in found])


def _verdicts(at: Choice) -> tuple[Verdict, ...]:
    """S9 for a run before a judge, by one score."""
    real = {int(row["label"]): row for row in clip_scores.real_rows(at.look).to_dict("records")}
    return s9(at.order, at.score, at.classes, at.look.judge, real)
