"""CLIP rankings: what the page, the comparison and the report say of planted scores, and orders against oracles."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from app_fixture import linked
from archive_fixture import card, write_run
from clip_fixture import (
    ABOUT,
    BOTTOM,
    JUDGE,
    MIDDLE,
    OTHER,
    PROMPTS,
    SHOWN,
    SURE,
    TOP,
    chance_of,
    off,
    sureness,
    write_clip,
)  # fmt: skip
from scipy.stats import spearmanr
from test_lab_pages import Open, opened, turned, words  # noqa: F401

from dashboard.charts import clip as charts_clip
from dashboard.clip_rankings import headline as clip_headline
from dashboard.clip_rankings import tabs as clip_rankings_tabs
from dashboard.compare import clip as compare_clip
from dashboard.components import calibration
from dashboard.data import clip_scores
from dashboard.report.build import report
from dashboard.report.check import check
from evaluator.clip import ranking
from evaluator.clip.agreement import like_real, named_alike, same_order
from evaluator.clip.kept_pictures import KEPT, extremes
from evaluator.clip.ranking import Order, ordered
from evaluator.clip.tables import write
from evaluator.stats.intervals import Estimate
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.table_schema import CLIP, METADATA, table_of
from store.database import Archive

CLASSES = ["shirt", "bag", "boot", "coat", "dress"]


def write_scored(root: Path, run_id: str, classes: list[str] = CLASSES, **planted: object) -> Run:
    """A run of these classes with planted CLIP scores."""
    shown = card(run_id)
    run = write_run(
        root, run_id, tables=("metrics",), dataset=shown["dataset"] | {"classes": classes, "name": "things"},
        config=shown["config"] | {"classes": len(classes)},
    )  # fmt: skip
    write_clip(run, classes, size=8, **planted)  # type: ignore[arg-type]
    return run


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one scored run, for those who change nothing."""
    root = tmp_path_factory.mktemp("one")
    write_scored(root, "first")
    return root


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of two scored runs and one that has no scores."""
    root = tmp_path_factory.mktemp("three")
    write_scored(root, "first")
    write_scored(root, "second")
    write_run(root, "bare")
    return root


@pytest.fixture
def scored(opened: Open, one: Path, monkeypatch: pytest.MonkeyPatch) -> Open:  # noqa: F811
    """Open a page of the one scored run."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(one))
    return opened


def order_of(means: dict[int, float], spread: float = 0.05, n: int = 60) -> Order:
    label = np.tile(sorted(means), n)
    noise = np.random.default_rng(0).standard_normal((n, len(means)))
    values = np.array([means[each] for each in label]) + spread * (noise - noise.mean(axis=0)).ravel()
    return ordered(values, label, np.arange(len(label)))


def test_only_ranks_that_overlap_no_other_are_sure() -> None:
    order = order_of({0: 0.9, 1: 0.5, 2: 0.5, 3: 0.1})
    assert charts_clip.apart(order) == {0, 3}
    figure = charts_clip.ranking(order, ["a", "b", "c", "d"], {}, {}, "score")
    assert [charts_clip.BLUE if row.label in (0, 3) else charts_clip.MUTED for row in order.rows] == figure["data"][-1][
        "marker"
    ]["color"]
    assert charts_clip.apart(order_of({0: 0.5, 1: 0.5}, n=2)) == set()


def test_names_that_are_numbers_keep_their_places_beside_the_chart() -> None:
    order = order_of({0: 0.1, 1: 0.5, 2: 0.9})
    recall = {label: ranking.RealScore(Estimate(0, 0, 0, 9), Estimate(label / 10, 0, 1, 9)) for label in range(3)}
    layout = charts_clip.ranking(order, ["2", "0", "1"], recall, {}, "score")["layout"]
    beside = {mark["y"]: mark["text"] for mark in layout["annotations"] if mark["text"].endswith("%")}
    assert beside == {0: "20.0 %", 1: "10.0 %", 2: "0.0 %"}  # by the row's number, the best first


def test_orders_agree_as_scipy_and_arithmetic_say() -> None:
    one, other = order_of({0: 0.9, 1: 0.6, 2: 0.4, 3: 0.1}), order_of({0: 0.8, 1: 0.1, 2: 0.5, 3: 0.2})
    means = [{row.label: row.mean.value for row in order.rows} for order in (one, other)]
    theirs = spearmanr([means[0][label] for label in range(4)], [means[1][label] for label in range(4)]).statistic
    found = same_order(one, other)
    assert abs(found.value - theirs) < 1e-12 and found.low <= found.value <= found.high and found.n == 4
    assert same_order(one, one) == Estimate(1.0, 1.0, 1.0, 4)
    assert abs(like_real(one, {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3}).value + 1) < 1e-12
    tied = like_real(one, {0: 0.1, 1: 0.1, 2: 0.3, 3: 0.1})
    assert abs(tied.value - spearmanr([means[0][label] for label in range(4)], [0.1, 0.1, 0.3, 0.1]).statistic) < 1e-12
    assert np.isnan(like_real(one, {0: 0.0, 1: 0.1}).value)  # two classes have no order to speak of
    generator = np.random.default_rng(1)
    a = generator.integers(0, 4, 300)
    b = np.where(generator.uniform(size=300) < 0.8, a, generator.integers(0, 4, 300))
    kappa = named_alike(a, b, np.arange(300))
    chance = sum((a == each).mean() * (b == each).mean() for each in range(4))
    assert abs(kappa.value - ((a == b).mean() - chance) / (1 - chance)) < 1e-5 and kappa.low < kappa.value < kappa.high


def test_the_best_and_the_worst_of_each_class_are_kept() -> None:
    generator = np.random.default_rng(2)
    n = 100
    columns = {
        "sample": np.arange(n), "label": np.arange(n) % 2, "seed": np.arange(n), "judge": ["a"] * n,
        "template": ["mean"] * n, "cosine": generator.uniform(size=n), "probability": generator.uniform(size=n),
        "z": np.zeros(n), "top": np.zeros(n),
    }  # fmt: skip
    kept = extremes(table_of(CLIP, columns))
    frame = pd.DataFrame(columns)
    for label, part in frame.groupby("label"):
        for name in ("cosine", "probability"):
            order = part.sort_values(name)["sample"].tolist()
            assert {*order[:KEPT], *order[-KEPT:]} <= kept, label
    assert len(kept) <= 2 * 2 * 2 * KEPT


def test_the_page_says_what_was_planted(scored: Open) -> None:
    said = words(scored("clip_rankings"))
    n = 40 * len(CLASSES)
    assert f"By mean softmax probability, {JUDGE} ranks shirt first, 0.90" in said and f"n = {n} pictures" in said
    assert "and dress last, 0.20" in said and "2 of 5 ranks can be told apart from all others: shirt, dress" in said
    assert ABOUT in said
    assert "99.0 % [94.0, 100.0]" in said and "50.0 %" not in said  # this judge's recall on real pictures, no other's
    assert f"{TOP:.2f} to" not in said and "0.910 to 0.920" in said  # over the single prompts


def test_each_score_is_labelled_and_z_has_its_ceiling_at_none(scored: Open) -> None:
    test = scored("clip_rankings", score="raw cosine")
    for score in reversed(clip_scores.SCORES.values()):
        said = turned(test, score, "score")
        assert f"By mean {score}" in said and f">{score} [95 %]</span></th>" in said
        assert ("0.00 [0.00, 0.00]" in said) == (score == "z-score against real")


def test_another_judge_brings_its_own_recall_and_sentence(scored: Open) -> None:
    said = words(scored("clip_rankings", clip=OTHER))
    assert (
        f"{OTHER} ranks" in said and "50.0 % [45.0, 55.0]" in said and clip_scores.FOREIGN in said and ABOUT not in said
    )
    assert "is not here" in words(scored("clip_rankings", clip="nobody"))


def test_another_prompt_is_in_the_link(scored: Open) -> None:
    test = scored("clip_rankings", prompt=PROMPTS[2])
    assert test.selectbox(key="prompt").value == PROMPTS[2] and "ranks shirt first, 0.92" in words(test)


def test_every_part_opens(opened: Open, three: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(three))
    test = opened("clip_rankings", run="first", **{"with": "second"})
    expected = {
        "Pictures": "takes for another class", "Prompts": "one {c}", "Judges": "order by its probability",
        "Runs": "second, rank", "Training": "as 2 of 10 can",
    }  # fmt: skip
    assert expected.keys() == clip_rankings_tabs.PARTS.keys()
    for part, said in expected.items():
        assert said in turned(test, part, "behind"), part
        assert [head.value for head in test.subheader] == (["Best", "Worst"] if part == "Pictures" else [])


def test_what_a_probability_is_worth_is_said_of_the_judge_that_is_chosen(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_scored(tmp_path, "first")
    said = words(opened("clip_rankings", behind="Judges"))
    assert f"Its probability is not the share that is right: {JUDGE} without noise says 90.0 % on average" in said
    assert (
        "is right on 80.0 % [71.1, 86.7], n = 100, its calibration error 10.00 points, and up to 5.00 by chance" in said
    )
    assert calibration.OF_CLIP.replace("'", "&#x27;") in said and "has not been measured" not in said
    said = words(opened("clip_rankings", clip=OTHER, behind="Judges"))
    assert f"Whether a probability of {OTHER} is the share that is right has not been measured" in said
    assert "firstlight evaluate clip first --clip other" in said and "calibration error" not in said
    notes = json.loads(pq.read_schema(tmp_path / "first" / "clip.parquet").metadata[METADATA])
    table = pq.read_table(tmp_path / "first" / "clip.parquet")
    for wrong in ("?", ["?"], [{}], [SURE | {"said": "<b>"}], [SURE | {"n": None}], [SURE | {"logsnr": 3}]):
        write(tmp_path / "first" / "clip.parquet", table, {}, {JUDGE: notes["judges"][JUDGE] | {"calibration": wrong}})
        write_manifest(Run(tmp_path / "first"), tmp_path / "first" / "clip.parquet")
        assert f"a probability of {JUDGE} is the share" in words(opened("clip_rankings", behind="Judges")), wrong


@pytest.mark.parametrize(("run", "dataset"), [("mnist", "mnist"), ("fashion", "fashion-mnist")])
def test_bundled_clips_stand_beside_the_classifiers_with_numpy_s_figures(run: str, dataset: str) -> None:
    said, right, tenths = sureness(dataset)
    error, chance = off(said, right, tenths), chance_of(said, tenths)
    pages = [words(linked("recognizability", run=run, part="Judges"))]
    pages += [words(linked("clip_rankings", run=run, behind="Judges"))]
    row = re.compile(rf"<td>{dataset}-clip</td><td>without noise</td>" + "<td>([0-9.,]+)</td>" * 5)
    for page in pages:
        ((*shares, gap, most, n),) = row.findall(page)
        assert [float(share) for share in shares] == pytest.approx([100 * said.mean(), 100 * right.mean()], abs=0.06)
        assert float(gap) == pytest.approx(100 * error, abs=0.006) and n == f"{len(said):,}"
        assert float(most) == pytest.approx(100 * chance, rel=0.1)  # of other draws
        assert calibration.OF_CLIP.replace("'", "&#x27;") in page
    assert f"<td>{dataset}-clean</td><td>without noise</td>" in pages[0] and calibration.OF_X0 in pages[0]
    apart = "Its probability is not the share that is right"
    assert (apart if error > chance else "probability is not told apart from the share that is right") in pages[1]


def test_of_digits_every_chosen_run_has_its_verdict(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    digits = [str(digit) for digit in range(10)]
    write_scored(tmp_path, "first", digits)
    write_scored(tmp_path, "second", digits)
    write_scored(tmp_path, "clothes", CLASSES)
    said = words(opened("clip_rankings", run="first", **{"with": "second"}))
    assert said.count("S9, 0 highest") == 4  # in the table and in the reasons, of both runs
    assert ">✓ supported</b></td>" in said and ">? cannot say</b></td>" in said  # 4 is like those between
    assert "S9" not in words(opened("clip_rankings", run="clothes"))


def test_what_is_missing_is_said(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_scored(tmp_path, "holed", missing=(1,))
    write_run(tmp_path, "bare")
    test = opened("clip_rankings", run="holed")
    said = words(test)
    assert "There are no pictures of bag, so nothing is said of it." in said and "of 4 ranks" in said
    for part in clip_rankings_tabs.PARTS:
        turned(test, part, "behind")
    test.selectbox(key="run").select("bare").run()
    assert "firstlight evaluate clip bare" in words(test)


def test_one_seed_has_no_sure_rank(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    order = ordered(np.array([0.9, 0.1]), np.array([0, 1]), np.zeros(2, np.int64))
    assert "they come from one noise seed" in clip_headline.sentence(order, ["a", "b"], "cosine", "clip")
    alone = ordered(np.array([0.9, 0.1]), np.array([0, 0]), np.arange(2))
    assert "nothing to rank" in clip_headline.sentence(alone, ["a", "b"], "cosine", "clip")


def test_differences_are_paired_where_the_noise_is_shared() -> None:
    generator = np.random.default_rng(3)
    label, seed = np.tile(np.arange(3), 50), np.arange(150)
    base = pd.DataFrame({"label": label, "seed": seed, "cosine": generator.uniform(size=150)})
    own = base.assign(cosine=base["cosine"] + 0.1 + 0.001 * generator.standard_normal(150))
    paired = compare_clip.difference(own, base, "cosine")
    apart = compare_clip.difference(own.assign(seed=seed + 1000), base, "cosine")
    assert abs(paired.value - (own["cosine"] - base["cosine"]).mean()) < 1e-9 and abs(paired.value - apart.value) < 1e-9
    assert 50 * (paired.high - paired.low) < apart.high - apart.low
    order = {"a": order_of({0: 1.0, 1: 0.5, 2: 0.0}), "b": order_of({0: 1.0, 1: 0.5, 2: 0.0})}
    headings, rows, data = compare_clip.table({"a": base, "b": own}, order, ["x", "y", "z"], "cosine")
    assert headings == ["class", "a [95 %]", "b [95 %]", "b less a", "n"] and [row[0] for row in rows] == [
        "all",
        *"xyz",
    ]
    assert set(data["what"]) == {"mean", "less a"} and len(data) == 4 * 3 and rows[1][-1] == "50 / 50"


def test_the_compare_page_holds_clip_scores(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(three))
    test = linked("compare", **{"run": "second", "baseline": "first", "part": "CLIP", "with": "bare"})
    said = words(test)
    assert not test.exception and "second less first" in said and "0.000 [0.000, 0.000]" in said
    assert "bare has no CLIP scores. Make them with: firstlight evaluate clip bare" in said and ABOUT in said


def test_the_report_holds_the_ranking_and_its_numbers(one: Path, tmp_path: Path) -> None:
    archive = Archive(one)
    page = report(["first"], one, archive.ask)
    text = page.decode()
    assert "How CLIP ranks its classes" in text and ABOUT in text and f"{JUDGE} ranks shirt first" in text
    held = json.loads(text.partition('id="firstlight-report">')[2].partition("</script>")[0])
    numbers = {(each["what"], each["of"]): each for each in held["numbers"] if each["group"] == "clip"}
    assert len(numbers) == 2 * 3 * (1 + len(CLASSES)) and "clip_scores" in held["queries"]
    shirt = numbers[f"CLIP's mean softmax probability ({JUDGE})", "shirt"]
    assert abs(shirt["value"] - TOP) < 1e-6 and shirt["low"] < TOP < shirt["high"] and shirt["n"] == 40
    assert abs(numbers[f"CLIP's mean softmax probability ({OTHER})", "dress"]["value"] - BOTTOM) < 1e-6
    (tmp_path / "report.html").write_bytes(page)
    assert check(tmp_path / "report.html", one, archive.ask)[0] == []


def test_a_run_without_clip_says_so_in_its_report(three: Path) -> None:
    assert "firstlight evaluate clip bare" in report(["bare"], three, Archive(three).ask).decode()


def test_queries_count_as_numpy_does(one: Path) -> None:
    archive, rows = Archive(one), pq.read_table(Run(one / "first").clip).to_pandas()
    judges = archive.ask("clip_judges", run="first").set_index(["judge", "template"])
    for (judge, template), part in rows.groupby(["judge", "template"]):
        row = judges.loc[(judge, template)]
        assert row["n"] == len(part) and row["hits"] == (part["top"] == part["label"]).sum()
        assert row["low"] < row["share"] < row["high"] and row["in_domain"] == (judge == JUDGE)
    means = archive.ask("clip_templates", run="first", clip=JUDGE).set_index(["template", "label"])
    own = rows[rows["judge"] == JUDGE].groupby(["template", "label"])[["cosine", "probability", "z"]].mean()
    assert np.abs(means.loc[own.index, own.columns].to_numpy() - own.to_numpy()).max() < 1e-6
    shown = archive.ask("clip_pictures", run="first", clip=OTHER, template=PROMPTS[1])
    assert len(shown) == SHOWN * len(CLASSES) and all(len(image) == 64 for image in shown["image"])
    assert abs(archive.ask("clip_snapshots", run="first", clip=JUDGE)["probability"].iloc[-1] - BOTTOM) < 0.01
    assert MIDDLE == 0.6 and archive.ask("clip_scores", run="first", clip="nobody", template="mean").empty
