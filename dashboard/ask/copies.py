"""The answer on whether a run draws its training pictures again."""

from typing import Any

from dashboard.ask.answer import Answer, Effect, Ground, Lack, Shown, computed, lacking_answer
from dashboard.format import estimate_of
from dashboard.training.novelty import plate_of
from evaluator.novelty import report
from evaluator.provenance import notes_of
from evaluator.verdict import CANNOT, NOT, SUPPORTED, above
from firstlight.command_text import typed
from firstlight.counts import counted
from firstlight.remedy import evaluated_by

ALT = "Generated and real pictures, each above its nearest training one"


def copies(at: Ground) -> Answer:
    """Whether more of its pictures than of real ones have a training picture all to themselves."""
    own = at.own
    statement = f"{own.id} copies its training pictures."
    frame = at.ask("novelty", run=own.id)
    there: dict[str, Any] = {"page": "training", "there": {"run": own.id}}
    if frame.empty:
        how = evaluated_by(own.folder, f"firstlight evaluate novelty {typed(own.folder)}", "Do it with")
        lack = Lack(f"{own.id} is not looked at for copies yet.", own.id, "novelty", how=how)
        return lacking_answer(at, statement, [lack], **there)
    rows = frame.to_dict("records")
    ours, real = (estimate_of(report.figure(rows, "copied", "pixels", of)) for of in ("generated", "real"))
    verdict = above(ours, real.high, real.low)
    reason = {
        SUPPORTED: "The interval lies above that of real pictures.",
        NOT: "The interval lies below that of real pictures.",
        CANNOT: "The interval overlaps that of real pictures.",
    }[verdict]
    made = notes_of(own.folder.novelty)
    settings = (
        ("A copy", "its nearest training picture is less than a third as far as the second nearest, in pixels"),
        ("Training pictures", str(made.get("pictures", "not known"))),
        ("Noise", f"{counted(ours.n, 'picture')}, a noise seed of its own for each"),
    )
    picture = plate_of(at.ask("novelty_pictures", run=own.id), own.run)
    legend = "Each above its nearest training picture; the figure: its distance over that of the second."
    return Answer(
        at.asked, statement, report.verdict(own.id, rows), verdict, reason,
        Effect("Copies among its pictures", ours, "{:.2f} %"), settings,
        computed(report.verdict, f"{own.id}/novelty.parquet", f"{own.id}/novelty_pictures.parquet"),
        ("novelty_pictures", "novelty"), remarks=(report.SEEN,) if made.get("seen") else (),
        shown=None if picture is None else Shown(ALT, legend, picture=picture), **there,
    )  # fmt: skip
