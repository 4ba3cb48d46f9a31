"""A report: runs, numbers, charts and pictures as one HTML file that needs no network and no Firstlight.

The seam is here because a report outlives its runs: it holds its numbers as JSON too, with the SHA-256 of the files and
queries behind them, so that `checking` can say later what has changed.
"""

import base64
import hashlib
import importlib.metadata
import json
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboard import run_facts
from dashboard.charts import loss, theme
from dashboard.claims import text as claims_text
from dashboard.data.judgements import Measured
from dashboard.pictures import grids as pictures_grids
from dashboard.report import clip, trajectories
from dashboard.report.numbers import Ask, Number, by_class, headline, numbers_of
from dashboard.report.recognizability import default_look, measured
from dashboard.report.sections import claims, recognizability
from dashboard.training import finding as training_finding
from evaluator.claims.statements import Found
from firstlight.errors import RunError
from firstlight.manifest import sha256, signature, survey
from firstlight.run import Run
from store.archive import good_entry
from store.database import statement

HERE = Path(__file__).parent
ADDRESS = "http://127.0.0.1:8501"  # of the dashboard that links lead to
MOST_RUNS = 20
LARGEST = 25_000_000  # bytes
SCHEMA = 1
PACKAGES = ("streamlit", "plotly", "duckdb", "pyarrow", "pandas", "numpy", "scipy", "pillow", "jinja2")
OUTWARD = re.compile(r"https?://(?!www\.w3\.org/)")  # w3.org names XML's vocabularies and is never asked
INK = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"family": "system-ui, sans-serif"}}


@dataclass(frozen=True)
class Told:
    """What a report says of one run."""

    run: pd.Series  # a row of the query `runs`
    folder: Run
    numbers: list[Number]
    measured: Measured | None
    files: dict[str, str]  # name -> SHA-256
    claims: tuple[Found, ...]  # verdicts on the source's statements


def report(ids: Sequence[str], root: Path, ask: Ask, address: str = ADDRESS) -> bytes:
    """The file. Raises RunError, with one sentence, where a run is not there, is damaged, or there are too many."""
    ids = list(dict.fromkeys(ids))
    if not ids:
        raise RunError("A report needs a run; list the runs with: firstlight store list")
    if len(ids) > MOST_RUNS:
        raise RunError(f"A report holds at most {MOST_RUNS} runs, not {len(ids)}; name those that are to be compared.")
    told = [tell(run_id, root, ask) for run_id in ids]
    page: bytes = _template().render(**_content(told, ask, address.rstrip("/"))).encode("utf-8", "replace")
    if len(page) > LARGEST:
        raise RunError(
            f"The report would have {len(page) / 1e6:.0f} MB, more than {LARGEST / 1e6:.0f}; name fewer runs."
        )
    return page


def tell(run_id: str, root: Path, ask: Ask) -> Told:
    """Everything of one run that is a number. Raises RunError for a missing, malformed or damaged run."""
    folder = good_entry(root, run_id).run
    run = ask("runs", runs=[run_id]).iloc[0]
    look = default_look(ask, run, folder)
    found = measured(ask, run, look) if look else None
    return Told(run, folder, numbers_of(run, ask, found), found, files_of(folder), claims_text.verdicts_of(folder, ask))


def files_of(run: Run) -> dict[str, str]:
    """The SHA-256 of every file of a run that is data, by name; checkpoints and notes are left out."""
    found, _ = survey(run)
    names = [*sorted(name for name in found if "/" not in name), run.card.name]
    return {name: sha256(str(run.folder / name), signature((run.folder / name).lstat())) for name in names}


def query_hash(name: str) -> str:
    """The SHA-256 of a query's text."""
    return hashlib.sha256(statement(name).encode()).hexdigest()


def _content(told: Sequence[Told], ask: Ask, address: str) -> dict[str, Any]:
    figures: list[dict[str, Any]] = []
    ids = [str(each.run["run"]) for each in told]
    numbers = [number for each in told for number in each.numbers]
    said = [verdict for each in told for verdict in each.claims]
    losses = ask("losses", runs=ids, smoothing=100)
    held = {
        "schema": SCHEMA,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "address": address,
        "runs": {str(each.run["run"]): {"files": each.files, "look": _look(each)} for each in told},
        "queries": {name: query_hash(name) for name in sorted(_queries(numbers, said))},
        "numbers": [number.plain() | {"text": number.text} for number in numbers],
        "claims": [claims_text.plain(each) for each in said],
    }
    return {
        "title": "Firstlight: " + ", ".join(ids),
        "held": held,
        "address": address,
        "place": {number.key: place for place, number in enumerate(numbers)},
        "summary": [(number.what, [_same(number, each) for each in told]) for number in _heads(told)],
        "runs": [_section(each, ask, figures) for each in told],
        "losses": None if losses.empty else _figure(loss.loss_curves(losses, True), figures),
        "claims": claims(said, told[0].run, ask, address.rstrip("/"), _picture),
        "settings": _settings(ask("settings", runs=ids), ids),
        "versions": _versions(),
        "figures": figures,
        "config": theme.CONFIG | {"displayModeBar": False},
        "plotly": plotly(),
        "style": Markup((HERE / "report.css").read_text(encoding="utf-8")),
        "script": Markup((HERE / "report.js").read_text(encoding="utf-8")),
    }


def _section(told: Told, ask: Ask, figures: list[dict[str, Any]]) -> dict[str, Any]:
    """What the template shows of one run."""
    run, classes = told.run, [str(name) for name in told.run["classes"]]
    size = {"run": str(run["run"])}
    losses = ask("losses", runs=[run["run"]], smoothing=100)
    return size | {
        "name": "" if run["name"] in (None, run["run"]) else str(run["name"]),
        "state": str(run["state"]),
        "tags": [str(tag) for tag in run["tags"]] if run["tags"] is not None else [],
        "note": run["notes"] or "",
        "recipe": run_facts.recipe(run),
        "loss": "" if losses.empty else training_finding.sentence(losses, str(run["run"])),
        "recognition": recognizability(told.measured, lambda figure: _figure(figure, figures))
        if told.measured
        else None,
        "clip": clip.section(run, told.folder, ask, lambda figure: _figure(figure, figures)),
        "numbers": [number for number in told.numbers if number.of == "all"],
        "classes": by_class(told.numbers),
        "through": _picture(pictures_grids.through_training(ask("snapshots", run=run["run"]), run, classes)),
        "strips": _picture(trajectories.strips(run, classes, ask, told.measured)),
        "files": told.files,
        "versions": _trained_with(run),
    }


def _queries(numbers: Sequence[Number], said: Sequence[Found]) -> set[str]:
    return {number.query for number in numbers} | {each.query for each in said if each.query}


def _heads(told: Sequence[Told]) -> list[Number]:
    """The numbers of a summary's rows: those of the first run, and what only others have."""
    return list({number.what: number for each in told for number in headline(each.numbers)}.values())


def _same(number: Number, told: Told) -> Number | None:
    return next((each for each in told.numbers if (each.what, each.of) == (number.what, number.of)), None)


def _look(told: Told) -> dict[str, Any] | None:
    return told.measured.look.__dict__ if told.measured else None


def _settings(frame: pd.DataFrame, ids: Sequence[str]) -> list[tuple[str, list[str], bool]]:
    """Setting, its value in every run, and whether the runs disagree; those that they disagree on first."""
    table = frame.pivot(index="setting", columns="run", values="value").reindex(columns=list(ids)).fillna("—")
    differs = frame.groupby("setting")["differs"].any()
    rows = [(str(name), [str(value) for value in row], bool(differs[name])) for name, row in table.T.items()]
    return sorted(rows, key=lambda row: (not row[2], row[0]))


def _versions() -> list[tuple[str, str]]:
    """What this report was made with."""
    found = [("python", platform.python_version())]
    for name in PACKAGES:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _trained_with(run: pd.Series) -> str:
    commit = run["git_commit"]
    return f"commit {commit}" if isinstance(commit, str) and commit else "an unknown commit"


def _picture(content: bytes | None) -> str:
    return "" if content is None else "data:image/png;base64," + base64.b64encode(content).decode()


def _figure(figure: theme.Figure, figures: list[dict[str, Any]]) -> int:
    """Keep a figure for the script that draws it; its place in the list."""
    figures.append(json.loads(json.dumps({**figure, "layout": {**figure["layout"], **INK}}, default=_number)))
    return len(figures) - 1


def _number(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


@cache
def plotly() -> Markup:
    """plotly.js without the addresses of maps and help pages: what a report holds can ask nobody for anything."""
    from plotly.offline import get_plotlyjs

    return Markup(OUTWARD.sub("", get_plotlyjs()))


@cache
def _template() -> Any:
    return Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined).get_template(
        "report.html"
    )
