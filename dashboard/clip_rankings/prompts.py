"""Prompts: what another prompt would change."""

from collections.abc import Mapping, Sequence

import pandas as pd

from dashboard.charts import clip
from dashboard.clip_rankings.choice import ALL_PROMPTS, Choice
from dashboard.components import elements
from dashboard.data import archive, clip_scores
from dashboard.format import estimate_of, share


def draw(at: Choice, _runs: Sequence[str]) -> None:
    """The rank of each class with each prompt, and how often the judge names what was asked with it."""
    means = at.means
    labels = [place.label for place in at.order.rows]
    ranks = means[labels].rank(axis=1, ascending=False)
    names = [ALL_PROMPTS if name == clip_scores.TOGETHER else name for name in means.index]
    ranks.index, ranks.columns = names, [at.classes[label] for label in labels]
    hover = pd.DataFrame(
        [[f"{name}, {head}: mean {means.loc[template, label]:.4f}, rank {ranks.loc[name, head]:.0f}"
          for label, head in zip(labels, ranks.columns, strict=True)]
         for template, name in zip(means.index, names, strict=True)]
    )  # fmt: skip
    figure = clip.rank_map(ranks, hover, ranks.map(lambda rank: f"{rank:.0f}"), "class", "", elements.dark())
    elements.chart(figure, "clip-prompts", "Rank of each class with each prompt", means.reset_index())
    rows = _rows(at, dict(zip(means.index, names, strict=True)))
    elements.table(("prompt", "seen in training", "named as asked [95 %]", "n"), rows, "clip-prompts-table")
    elements.note(
        f"Ranks by mean {at.score_name}, classes in the order of the prompt chosen above; ranks of single prompts "
        "have the same uncertainty. {c} stands for the class."
    )


def _rows(at: Choice, names: Mapping[str, str]) -> list[tuple[str, ...]]:
    """For each template its name, whether the judge was trained with it, and its share of right names."""
    frame = archive.ask("clip_judges", run=at.look.run)
    own = frame[frame["judge"] == at.look.judge].set_index("template")
    seen = clip_scores.notes(archive.folder(at.run), at.look.judge).get("seen") or []
    rows: list[tuple[str, ...]] = []
    for template, name in names.items():
        row = own.loc[template]
        right = share(estimate_of(row, "share"))
        trained = "" if template == clip_scores.TOGETHER or not seen else "yes" if template in seen else "no"
        rows.append((name, trained, right, f"{int(row['n']):,}"))
    return rows
