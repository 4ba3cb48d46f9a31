"""A verdict has a mark, a word and a colour wherever it is shown, on pages, in reports, on a site: docs/look.md."""

import re
from pathlib import Path

import pytest
from archive_fixture import write_run
from guided_fixture import write_sweep
from lab_fixture import write_lab
from steps_fixture import write_steps
from test_dashboard_charts import contrast
from test_lab_pages import Open, opened, words  # noqa: F401

from dashboard.ask.question import LABELS, WHEN, Asked
from dashboard.components.elements import VERDICTS
from dashboard.components.verdicts import KINDS, marked
from dashboard.report.build import report
from dashboard.report.cover import cover
from store.database import Archive

ROOT = Path(__file__).parent.parent
SHEETS = [ROOT / "dashboard" / name for name in ("style.css", "report/report.css", "site/site.css")]
VERDICT = re.compile(rf"(?:[✓✗?] )?(?:{'|'.join(sorted(KINDS, key=len, reverse=True))})")


def bare(page: str) -> list[str]:
    """Cells and bold words that are a verdict and nothing else, without its colour or its mark."""
    rest = re.sub("|".join(map(re.escape, map(marked, KINDS))), "", page)
    return [each for each in re.findall(r"<(?:td|b)(?: [^>]*)?>([^<]*)</(?:td|b)>", rest) if VERDICT.fullmatch(each)]


@pytest.mark.parametrize(
    ("page", "asked"),
    [("recognizability", {}), ("steps", {}), ("claims", {}), ("guidance", {"guided": "Claims"}), ("clip_rankings", {})],
)
def test_a_table_of_verdicts_has_marks_and_colours(
    page: str, asked: dict[str, str], opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    name = {"steps": "first", "clip_rankings": "course"}.get(page, "lab")
    if name == "course":  # a hand-made run has no scores of real pictures
        monkeypatch.delenv("FIRSTLIGHT_RUNS")
    else:
        run = write_lab(tmp_path, "lab", seeds=20)
        write_sweep(run)
        write_steps(write_run(tmp_path, "first"))
    shown = words(opened(page, run=name, **asked))
    assert any(marked(verdict) in shown for verdict in KINDS) and not bare(shown)


@pytest.mark.parametrize("short", [False, True])
def test_so_has_a_report(short: bool, tmp_path: Path) -> None:
    write_lab(tmp_path, "lab", seeds=20)
    asked = [Asked(WHEN, "lab", label="1"), Asked(LABELS, "lab")]
    over = cover("", "", "", "", short=short)
    page = report(["lab"], tmp_path, Archive(tmp_path).ask, questions=asked, over=over).decode()
    body = page.split("</style>")[1]
    assert sum(body.count(marked(verdict)) for verdict in KINDS) >= (2 if short else 20) and not bare(body)
    assert VERDICTS.read_text() in page


def test_their_colours_are_those_of_the_look_and_can_be_read() -> None:
    """In one sheet, that pages, reports and a site have; the grounds are those of each."""
    colours = dict(re.findall(r"\.verdict-(\w+) { color: (light-dark\([^)]*\)); }", VERDICTS.read_text()))
    assert set(colours) == set(KINDS.values())
    look = (ROOT / "docs" / "look.md").read_text()
    for kind, colour in colours.items():
        for place, own in enumerate(re.findall(r"#\w{6}", colour)):
            assert own in look, kind
            for sheet in SHEETS[1:]:
                grounds = re.findall(r"--(?:paper|panel): (#\w{6})", sheet.read_text())
                assert len(grounds) == 4 and all(contrast(own, ground) >= 4.5 for ground in grounds[2 * place :][:2])
    assert all(".verdict-" not in sheet.read_text() for sheet in SHEETS)
