"""What is told of when pictures are recognizable says what it does not hold for: nulls that no threshold keeps."""

import pandas as pd
import pytest
from app_fixture import html_of, linked
from parquet_oracle import ROOT, notes
from sentence_fixture import assert_short, shown

from dashboard.data import judgements, recognizable
from evaluator.recognizability.report import report
from evaluator.recognizability.thresholds import unkept
from evaluator.recognizability.views import VIEWS
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from store.database import Archive


@pytest.fixture(autouse=True)
def bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(ROOT / "runs"))


UNKEPT = "no threshold keeps its null"
LOOKS = 3  # at x̂0 of `course`: the CNN with and without a label, and CLIP, which is told by the threshold of the view


@pytest.mark.parametrize(("run", "view", "rate"), [("course", "denoised", 9.1), ("course", "unconditional", 12.3)])
def test_a_null_that_no_threshold_keeps_is_said_wherever_the_figure_is(run: str, view: str, rate: float) -> None:
    known = notes(run, "judgements")["null"][view]
    assert round(100 * known["rate"], 1) == rate and known["n"] == 9_000
    test = linked("recognizability", run=run, judged=f"{VIEWS[view]}, mnist-clean", part="Judges")
    text = shown(test)
    assert text and f"n = 1,000, but {UNKEPT}; the source says" in text
    assert_short(text)
    said = " ".join(html_of(test)).replace("&nbsp;", " ")
    assert f"at p ≥ 0.99 {rate} % of 9,000 wrong labels are recognized, where 5 % may be" in said
    assert said.count(f"]; {UNKEPT}") == LOOKS, "of every look at x̂0, with and without a label, and none at x_t"
    assert judgements.remarks_of(Run(BUNDLED / run), view)[0].startswith("No threshold keeps its null")


def test_a_null_that_is_kept_is_not_spoken_of() -> None:
    assert all(not unkept(Run(BUNDLED / run), "x") for run in ("course", "mnist", "fashion", "two-digits"))
    assert UNKEPT not in (shown(linked("recognizability", run="course")) or "")


def test_so_does_the_list_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluator.recognizability.thresholds.NULL_RATE", 0.04)  # less than the 4.9 % of course's x_t
    facts = recognizable.of(Archive(BUNDLED).ask, list(Archive(BUNDLED).entries()))
    rows = [{"run": run, "name": recognizable.NAME, "text": text} for run, (text, _) in facts.items()]
    told = dict(zip(facts, recognizable.words(pd.DataFrame(rows), pd.Series([*facts])), strict=True))
    assert told["course"] == f" 54 %, {UNKEPT}" and told["fashion"] == " 46 %"


def test_so_does_the_command() -> None:
    null = {"threshold": 0.99, "rate": 0.09, "n": 900}
    view = {"view": "denoised", "judge": "j", "threshold": 0.99, "null": null, "classes": [], "ranking": None}
    some = {"value": 1.0, "low": 1.0, "high": 1.0, "n": 9}
    whole = {"n": 9, "median": {"percent": some, "logsnr": some}, "restricted_mean": {"percent": some}}
    whole |= {"never": some, "ends_as_another": some}
    view |= {"all": whole, "classes": [{"class": "a"} | whole], "claims": [{"effect": None, "reason": "Few."}]}
    figures = {"run": "r", "views": [view], "small_steps": None, "agreement": None}
    assert "No threshold keeps its null" not in report({**figures, "views": [view | {"null": null | {"rate": 0.05}}]})
    assert "No threshold keeps its null, so nothing can be concluded" in report(figures)
