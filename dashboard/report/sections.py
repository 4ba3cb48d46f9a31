"""What the template shows: of all runs together, and of each."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from dashboard import run_facts
from dashboard.ask.answer import Answer
from dashboard.charts import loss, theme
from dashboard.claims import text as claims_text
from dashboard.components.copy_link import SIGNED
from dashboard.components.elements import TERMS, VERDICTS
from dashboard.components.terms import STOPS
from dashboard.data import guests
from dashboard.data.judgements import Measured
from dashboard.pictures import snapshots
from dashboard.report import answers, claims, clip, comparison, recognizability, short, trajectories
from dashboard.report.checked_numbers import Ask, Number
from dashboard.report.comparison import Compared
from dashboard.report.cover import BARE, Cover
from dashboard.report.facts import SCHEMA, Facts, query_hash
from dashboard.report.made_with import versions
from dashboard.report.picture_origin import Keep, Of, Show, attributes, button, nowhere
from dashboard.report.summary import by_class, summary
from dashboard.training import headline as training_headline
from evaluator.claims.statements import Found
from evaluator.provenance import former
from firstlight.run_folder import Run
from firstlight.run_state import now

SMOOTHED = 100  # steps that a point of the loss is the mean of, at most
UNSEALED = "the text of this report is not sealed"  # in the record until its SHA-256 is known
LONG = 100  # characters of a setting that has a table of its own
Setting = tuple[str, list[str], bool]  # its name, its value in every run, whether the runs disagree
HERE = Path(__file__).parent
SAVE = HERE / "save.js"
STYLES = (HERE / "report.css", VERDICTS, TERMS)
SCRIPTS = (SIGNED, SAVE, STOPS, HERE / "report.js")  # of a report; a site has all but the last as well
INK = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"family": "system-ui, sans-serif"}}


def content(
    runs: Sequence[Facts], ask: Ask, address: str, answered: Sequence[Answer] = (), cover: Cover = BARE
) -> dict[str, Any]:
    """Everything that report.html asks for."""
    figures: list[dict[str, Any]] = []
    ids = [str(each.run["run"]) for each in runs]
    apart = comparison.of(runs, ask) if "comparison" in cover.sections else []
    numbers = [*(number for each in runs for number in each.numbers), *answers.numbers(answered),
               *comparison.numbers(apart)]  # fmt: skip
    losses, window = _losses(ids, ask)
    parts = {
        "title": cover.title or "Firstlight: " + ", ".join(ids),
        "cover": cover,
        "record": _record(runs, numbers, answered, apart, ask, address) | {"cover": cover.plain()},
        "address": address,
        "place": {number.key: place for place, number in enumerate(numbers)},
        "summary": [(number.what, [_same(number, each) for each in runs]) for number in _heads(runs)],
        "smoothed": f"{loss.smoothed(window)} {run_facts.unlike_losses(ask('settings', runs=ids))}".strip(),
        "versions": versions(),
        "figures": figures,
        "config": theme.CONFIG | {"modeBarButtons": [["toImage"]]},
        "style": Markup("".join(file.read_text(encoding="utf-8") for file in STYLES)),
        "script": Markup("".join(file.read_text(encoding="utf-8") for file in SCRIPTS)),
    }
    keep, show = partial(_figure, figures=figures, address=address), partial(attributes, address=address)
    if cover.short:
        return parts | short.section(runs, ask, answered, losses, keep, address)
    return parts | {
        "contents": _contents(cover, ids, bool(answered), any(each.claims for each in runs)),
        "comparison": apart,
        "runs": [_run(each, ask, keep, show) for each in runs],
        "losses": None if losses is None else keep(*losses),
        "answers": answers.section(answered, address, keep, show),
        "claims": claims.section(_verdicts(runs), runs[0].run, ask, address, show),
        "settings": _by_length(_settings(ask("settings", runs=ids), ids)),
    }


def _losses(ids: Sequence[str], ask: Ask) -> tuple[tuple[theme.Figure, Of] | None, int]:
    """The chart of the losses with what it is of, where there are any; over how many steps it is smoothed."""
    window = loss.window(ask("loss_ends", runs=ids), SMOOTHED)
    frame = ask("losses", runs=ids, smoothing=window)
    beside = {"with": list(ids[1:])} if ids[1:] else {}
    of = Of("training", ids[0], "losses", beside, {"smoothing": window})
    return None if frame.empty else (loss.loss_curves(frame, True), of), window


def _contents(cover: Cover, ids: Sequence[str], answered: bool, claimed: bool) -> list[tuple[str, str]]:
    """Where each section begins, and what it is called, in their order."""
    known = {
        "summary": [("summary", "Summary")],
        "comparison": [("comparison", "How they differ")] if len(ids) > 1 else [],
        "answers": [("answers", "Answers")] if answered else [],
        "runs": [(f"run-{run}", run) for run in ids], "claims": [("claims", "What the source says")] if claimed else [],
        "configuration": [("configuration", "Configuration")], "files": [("files", "Versions and files")],
    }  # fmt: skip
    return [entry for name in cover.sections for entry in known[name]]


def _record(
    runs: Sequence[Facts], numbers: Sequence[Number], answered: Sequence[Answer], apart: Sequence[Compared], ask: Ask,
    address: str,
) -> dict[str, Any]:  # fmt: skip
    """The report's own record as JSON: every number, and what is behind it."""
    verdicts = _verdicts(runs)
    queries = {number.query for number in numbers} | {each.query for each in verdicts if each.query}
    queries |= {name for each in answered for name in each.queries}
    held = {
        str(each.run["run"]): {
            "files": each.files, "look": _look(each), "said": sentences(each.run, each.folder, ask, each.measured),
        }
        for each in runs
    }  # fmt: skip
    return {
        "schema": SCHEMA,
        "text": UNSEALED,
        "made": now(),
        "address": address,
        "runs": held,
        "queries": {name: query_hash(name) for name in sorted(queries)},
        "numbers": [number.plain() | {"text": number.text} for number in numbers],
        "claims": [claims_text.plain(each) for each in verdicts],
        "answers": [answers.plain(each) for each in answered],
        "compared": [row for each in apart for row in comparison.plain(each)],
    }


def sentences(run: pd.Series, folder: Run, ask: Ask, measured: Measured | None) -> dict[str, str]:
    """What a report says of a run in words and in small tables, by part: all with figures that are no `Number`."""
    parts: dict[str, Any] = {
        "Training": [*run_facts.recipe(run), _loss(run, ask)],
        "Recognizability": recognizability.section(measured, folder, nowhere) if measured else None,
        "CLIP": clip.section(run, folder, ask, nowhere),
    }
    return {name: " ".join(_texts(part)) for name, part in parts.items() if part}


def _texts(part: Any) -> Iterator[str]:
    """Every text in nested lists and dicts, as they stand."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list | tuple):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _texts(each)


def _loss(run: pd.Series, ask: Ask) -> str:
    ends = ask("loss_ends", runs=[run["run"]])
    return "" if ends.empty else training_headline.sentence(ends, str(run["run"]))


def _verdicts(runs: Sequence[Facts]) -> list[Found]:
    return [verdict for each in runs for verdict in each.claims]


def _run(facts: Facts, ask: Ask, keep: Keep, show: Show) -> dict[str, Any]:
    """What the template shows of one run."""
    run, classes = facts.run, [str(name) for name in facts.run["classes"]]
    name, kept = str(run["run"]), ask("snapshots", run=run["run"])
    outdated = guests.told_former(facts.folder, former(facts.folder))
    through = Of("training", name, "through-training", drawn={"seed": kept["seed"].min()})
    strips = Of("trajectory", name, "strips", drawn=trajectories.drawn(run, ask))
    return {
        "run": name,
        "name": "" if run["name"] in (None, run["run"]) else str(run["name"]),
        "state": str(run["state"]),
        "tags": [str(tag) for tag in run["tags"]] if run["tags"] is not None else [],
        "note": run["notes"] or "",
        "recipe": run_facts.recipe(run) + ([("Outdated", outdated)] if outdated else []),
        "loss": _loss(run, ask),
        "recognition": recognizability.section(facts.measured, facts.folder, keep) if facts.measured else None,
        "clip": clip.section(run, facts.folder, ask, keep),
        "numbers": [number for number in facts.numbers if number.of == "all"],
        "classes": by_class(facts.numbers),
        "through": show(snapshots.through_training(kept, run, classes), through),
        "strips": show(trajectories.strips(run, classes, ask, facts.measured), strips),
        "files": facts.files,
        "versions": _trained_with(run),
    }


def _heads(runs: Sequence[Facts]) -> list[Number]:
    """The numbers of a summary's rows: those of the first run, and what only others have."""
    return list({number.what: number for each in runs for number in summary(each.numbers)}.values())


def _same(number: Number, facts: Facts) -> Number | None:
    return next((each for each in facts.numbers if (each.what, each.of) == (number.what, number.of)), None)


def _look(facts: Facts) -> dict[str, Any] | None:
    return facts.measured.look.__dict__ if facts.measured else None


def _settings(frame: pd.DataFrame, ids: Sequence[str]) -> list[Setting]:
    """Setting, its value in every run, and whether the runs disagree; those that they disagree on first."""
    table = frame.pivot(index="setting", columns="run", values="value").reindex(columns=list(ids)).fillna("—")
    differs = frame.groupby("setting")["differs"].any()
    rows = [(str(name), [str(value) for value in row], bool(differs[name])) for name, row in table.T.items()]
    return sorted(rows, key=lambda row: (not row[2], row[0]))


def _by_length(rows: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Settings of a few words, and those that would stretch a table of such."""
    return {"short": [row for row in rows if len(max(row[1], key=len)) <= LONG],
            "long": [row for row in rows if len(max(row[1], key=len)) > LONG]}  # fmt: skip


def _trained_with(run: pd.Series) -> str:
    commit = run["git_commit"]
    return f"commit {commit}" if isinstance(commit, str) and commit else "an unknown commit"


def _figure(figure: theme.Figure, of: Of, figures: list[dict[str, Any]], address: str) -> int:
    """Keep a figure for the script that draws it, with what it says once it is saved; its place in the list."""
    shown = {**figure, "layout": {**figure["layout"], **INK}, "saved": button(of, address)}
    figures.append(json.loads(json.dumps(shown, default=_number)))
    return len(figures) - 1


def _number(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
