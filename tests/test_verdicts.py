"""Every statement of the source before runs whose truth is planted: all three verdicts, and what is left out."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from app_fixture import unmarked
from archive_fixture import write_run
from lab_fixture import write_lab
from streamlit.testing.v1 import AppTest

from dashboard import format
from dashboard.claims import headline as claims_headline
from dashboard.claims import text as claims_text
from evaluator.claims import harder_data, training
from evaluator.claims.forward import s1
from evaluator.claims.statements import SUBJECTS, Found, verdicts
from evaluator.stats.intervals import Estimate, combined, wilson
from evaluator.verdict import CANNOT, DIGITS, NOT, SUPPORTED
from firstlight.archives import BUNDLED
from firstlight.atomic_writes import write_json
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from store.database import Archive

ALL = [f"S{number}" for number in range(1, 15)]


def examined(*shares: tuple[float, float]) -> list[dict[str, float]]:
    """A judge's accuracy by noise, of 10,000 pictures: (logSNR, share)."""
    rows = []
    for logsnr, share in shares:
        found = wilson(round(10_000 * share), 10_000)
        rows.append({"logsnr": logsnr, "value": found.value, "low": found.low, "high": found.high, "n": found.n})
    return rows


FADING = examined((8, 0.99), (0, 0.97), (-4, 0.3), (-8, 0.11))


def test_a_picture_fades_and_one_that_comes_back_does_not() -> None:
    assert s1(FADING, -12, 10)[0].verdict == SUPPORTED
    assert s1(examined((8, 0.5), (0, 0.3), (-4, 0.6), (-8, 0.1)), -12, 10)[0].verdict == NOT
    assert s1(examined((8, 0.5), (-8, 0.502)), -12, 10)[0].verdict == CANNOT
    assert s1(FADING[:1], -12, 10)[0].verdict == CANNOT


@pytest.mark.parametrize(("noisiest", "expected"), [(-12.9, SUPPORTED), (-8, SUPPORTED), (-6, CANNOT), (-1.27, NOT)])
def test_a_forward_process_ends_in_noise_or_before_it(noisiest: float, expected: str) -> None:
    """At −6 between 11 % and 30 % may be left, and twice chance is 20 %; at −1.27 at least the 30 % of −4."""
    assert s1(FADING, noisiest, 10)[1].verdict == expected


def losses(first: float, last: float, spread: float = 0.02, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return np.arange(n), np.linspace(first, last, n) + spread * generator.standard_normal(n)


def test_a_loss_falls_rises_or_is_not_known() -> None:
    assert training.s7(*losses(1.0, 0.1), "noise")[0].verdict == SUPPORTED
    assert training.s7(*losses(0.1, 1.0), "noise")[0].verdict == NOT
    assert training.s7(*losses(0.5, 0.5, 0.3), "noise")[0].verdict == CANNOT
    assert training.s7(*losses(1.0, 0.1, n=40), "noise")[0].verdict == CANNOT
    step, loss = losses(1.0, 0.1)
    loss[200] = np.nan
    diverged = training.s7(step, loss, "noise")[0]
    assert diverged.verdict == NOT and "step 200" in diverged.reason
    found = training.s7(*losses(1.0, 0.1, 0.001), "edm")
    assert found[0].effect is not None and abs(found[0].effect.value + 0.81) < 0.01
    assert [training.s7(*losses(1, 0.1), kind)[1].verdict for kind in ("noise", "edm", "")] == [SUPPORTED, NOT, CANNOT]


def snapshots(shares: list[float], pictures: int) -> tuple[np.ndarray, ...]:
    """At each moment this share of the pictures is right."""
    generator = np.random.default_rng(1)
    step, picture = (part.ravel() for part in np.meshgrid(np.arange(len(shares)), np.arange(pictures), indexing="ij"))
    right = generator.random(len(step)) < np.array(shares)[step]
    label = picture % 10
    return 100 * step, label, picture // 10, np.where(right, label, (label + 1) % 10)


def test_pictures_get_clear_stay_bad_or_are_too_few() -> None:
    assert training.s8(*snapshots([0.2] * 4 + [0.6] * 4 + [1.0] * 4, 40))[0].verdict == SUPPORTED
    assert training.s8(*snapshots([0.9] * 4 + [0.1] * 8, 100))[0].verdict == NOT
    assert training.s8(*snapshots([0.5] * 8, 20))[0].verdict == CANNOT
    assert training.s8(*snapshots([0.5], 20))[0].verdict == CANNOT


def scored(dataset: str, taught: float, real: float, far: float = 2.0, n: int = 10_000) -> harder_data.Scored:
    score, best = (wilson(round(n * share), n) for share in (taught, real))
    return harder_data.Scored(dataset, dataset, score, best, Estimate(far, far / 1.1, far * 1.1, n), n)


def test_harder_data_falls_shorter_or_not() -> None:
    digits = scored("mnist", 0.991, 0.993)
    assert [each.verdict for each in harder_data.s14(digits, scored("fashion", 0.874, 0.899, 4.0))] == [SUPPORTED] * 2
    assert [each.verdict for each in harder_data.s14(digits, scored("fashion", 0.905, 0.899, 1.0))] == [NOT] * 2
    assert [each.verdict for each in harder_data.s14(digits, scored("fashion", 0.893, 0.899, 2.1))] == [CANNOT] * 2
    fewer = harder_data.s14(digits, scored("fashion", 0.89, 0.90, 9.0, n=200))[1]
    assert fewer.verdict == CANNOT and "n" in fewer.reason  # a distance over another of fewer pictures is none
    assert "--full" in harder_data.s14(digits, None, short="fashion")[0].reason  # a short score is no score here
    assert {each.verdict for each in harder_data.s14(digits, None) + harder_data.s14(None, digits)} == {CANNOT}


def test_the_end_of_the_forward_process_names_the_range_of_pictures() -> None:
    ours, source = (s1(FADING, -2.66, 10, each)[1].reason for each in ((-1.0, 1.0), (0.0, 1.0)))
    assert "ends at logSNR −2.66 of pictures in [−1, 1]; of real" in ours
    assert "ends at logSNR −2.66 of pictures in [−1, 1], −1.27 of the run's own in [0, 1]; of real" in source


@pytest.mark.parametrize("run", ["mnist", "course"])
def test_every_share_and_time_in_a_reason_has_an_interval(run: str) -> None:
    """But for what a rule sets: the ends of "around 70 %", and twice chance."""
    folder = Run(BUNDLED / run)
    for found in verdicts(folder, card_of(folder), Archive(BUNDLED).ask):
        said = re.sub(r"60 to 80 %|twice chance is \d+ %|of \d+ %", "", found.verdict.reason)
        bare = re.findall(r"\d (?:%|ms)(?! \[| of the steps \[| of .{,40} \[)", said)
        assert not bare, (found.verdict.claim.source, found.verdict.reason)


def test_other_numbers_of_pictures_do_not_teach_alike() -> None:
    """A classifier that 500 pictures taught falls short of one that 10,000 did, whatever they show."""
    digits, few = scored("digits", 0.99, 0.993), scored("fashion", 0.7, 0.9, n=500)
    for pair in ((digits, few), (few, digits), (digits, replace(digits, pictures=0))):
        found = harder_data.s14(*pair)[0]
        assert found.verdict == CANNOT and found.effect is None and "more pictures teach more" in found.reason
    seen = harder_data.s14(replace(digits, seen=True), scored("fashion", 0.874, 0.899, 4.0))
    assert all("digits learned from the real test pictures too (seen in training)" in each.reason for each in seen)
    unknown = replace(digits, distance=Estimate(math.nan, math.nan, math.nan, 0))
    told = harder_data.s14(unknown, scored("fashion", 0.874, 0.899, 4.0))[1]
    assert told.verdict == CANNOT and "older version" in told.reason and "evaluate quality digits" in told.reason


def test_sums_of_estimates_keep_their_coverage() -> None:
    generator = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        first, second = (wilson(int(generator.binomial(200, share)), 200) for share in (0.9, 0.97))
        found = combined(((1, second), (-1, first)))
        held += found.low <= 0.07 <= found.high
    assert 0.92 <= held / 400 <= 0.98
    assert combined(((1, Estimate(1.0, 0.0, 2.0, 5)),)) == Estimate(1.0, 0.0, 2.0, 5)


def said(run: Run) -> tuple[Found, ...]:
    return verdicts(run, card_of(run), Archive(run.folder.parent).ask)


def test_every_statement_is_judged_or_says_what_it_lacks(tmp_path: Path) -> None:
    found = said(write_lab(tmp_path, "lab", seeds=20))
    assert list(dict.fromkeys(each.verdict.claim.source for each in found)) == ALL == [s.source for s in SUBJECTS]
    lacking = {each.verdict.claim.source: each for each in found if each.verdict.claim.part == ""}
    assert set(lacking) == {"S2", "S4", "S5", "S6", "S8", "S9", "S11", "S12", "S13"}
    for each in lacking.values():
        assert each.verdict.verdict == CANNOT and each.verdict.claim.text
        assert each.verdict.reason.endswith(f"Make them with: {each.command}") and "lab" in each.command
    known = {each.verdict.claim.part: each for each in found}
    assert known["1 and 7 earlier"].verdict.verdict == SUPPORTED
    assert known["the loss falls"].verdict.verdict == SUPPORTED
    seventy = known["around 70 %"].verdict  # planted at 45 % of its own steps, which are not the source's
    assert seventy.verdict == CANNOT and "--fine" in seventy.reason
    assert known["around 70 %"].asked["judged"] == "x_t, noisy, mnist-noisy"


def changed(run: Run, classes: list[str], **config: float) -> Run:
    card = json.loads(run.card.read_text())
    card["dataset"]["classes"] = classes
    card["config"] |= config
    write_json(run.card, card)
    write_manifest(run)
    return run


def test_claims_about_digits_are_not_shown_of_garments(tmp_path: Path) -> None:
    run = changed(write_lab(tmp_path, "garments", seeds=20), [f"garment {name}" for name in DIGITS])
    sources = {each.verdict.claim.source for each in said(run)}
    assert not sources & {"S9", "S10"} and {"S3", "S7", "S14"} <= sources
    assert [each.verdict.claim.part for each in said(run) if each.verdict.claim.source == "S3"] == ["around 70 %"]


def test_claims_about_labels_are_not_shown_of_a_run_without(tmp_path: Path) -> None:
    run = changed(write_lab(tmp_path, "untold", seeds=20), list(DIGITS), label_dropout=1.0)
    sources = {each.verdict.claim.source for each in said(run)}
    assert sources == {"S1", "S3", "S7", "S9", "S10"}


def test_parts_and_laws_are_not_asked_of_a_student(tmp_path: Path) -> None:
    run = changed(write_lab(tmp_path, "student", seeds=20), list(DIGITS), scale_low=1.0, scale_high=4.0)
    sources = {each.verdict.claim.source for each in said(run)}
    assert sources == {"S1", "S3", "S7", "S8", "S9", "S10", "S14"}


def test_an_empty_run_and_one_of_other_pictures_are_no_fault(tmp_path: Path) -> None:
    for run in (write_run(tmp_path, "bare", tables=()), write_run(tmp_path, "few")):
        found = said(run)
        assert found and all(each.verdict.reason for each in found)
    foreign = {each.verdict.claim.source: each.verdict for each in said(Run(tmp_path / "few"))}
    assert "judges pictures of 1 × 28 × 28, not of 1 × 8 × 8" in foreign["S1"].reason


BESIDE = """
from dashboard.components import verdicts
from evaluator.stats.intervals import Estimate
from evaluator.verdict import Claim, Verdict
claim = Claim("S3", "1 and 7 earlier", "the source's words", "what counts")
verdicts.table([Verdict(claim, {verdict!r}, "Its other half is not.", Estimate(*{ends}, 60), {unit!r}, 0.349)], "told")
"""


@pytest.mark.parametrize(
    ("verdict", "ends", "unit", "said"),
    [
        (CANNOT, (-1.1, -1.5, -0.6), "points of the process", "leaves 0 out. Its other half is not."),
        (CANNOT, (1.4, 1.1, 1.8), "times as far", "leaves 1 out. Its other half is not."),
        (CANNOT, (-1.1, -2.5, 0.6), "points of the process", ""),  # the interval says it already
        (CANNOT, (54.0, 50.0, 57.0), "% of the steps", ""),  # a place is no difference
        (SUPPORTED, (-1.1, -1.5, -0.6), "points of the process", ""),
    ],
)
def test_why_nothing_is_said_stands_beside_an_interval_that_leaves_no_difference_out(
    verdict: str, ends: tuple[float, ...], unit: str, said: str
) -> None:
    test = AppTest.from_string(BESIDE.format(verdict=verdict, ends=ends, unit=unit), default_timeout=300).run()
    assert not test.exception
    beside = [each.proto.body for each in test.main.children.values() if each.type == "html"]  # nothing folded away
    notes = [each for each in map(unmarked, beside) if "although its interval" in each]
    assert len(notes) == bool(said) and all(f"1 and 7 earlier: cannot say, although its interval {said}" in each
                                            for each in notes)  # fmt: skip


SEVERAL = """
from dashboard.components import verdicts
from evaluator.stats.intervals import Estimate
from evaluator.verdict import Claim, Verdict
claims = [Claim("S3", f"part {part}", "the source's words", "what counts") for part in "abc"]
effect = Estimate(-1.1, -1.5, -0.6, 60)
found = [Verdict(claim, "cannot say", f"The reason of {claim.part}.", effect, "points", 0.3) for claim in claims]
verdicts.table(found, "told", [f"run {claim.part}" for claim in claims] if OF_RUNS else [])
"""


@pytest.mark.parametrize("of_runs", [False, True])
def test_what_is_so_of_several_rows_is_said_once_with_the_rows_and_their_reasons(of_runs: bool) -> None:
    test = AppTest.from_string(SEVERAL.replace("OF_RUNS", str(of_runs)), default_timeout=300).run()
    assert not test.exception
    beside = " ".join(unmarked(each.proto.body) for each in test.main.children.values() if each.type == "html")
    remark = beside[beside.index("although") :]
    assert beside.count("although") == 1 and "Of 3 rows: cannot say, although their intervals leave 0 out." in beside
    for part in "abc":
        assert (f"run part {part}, part {part}" if of_runs else f"part {part}") in remark
        assert f"The reason of part {part}." in remark


def test_verdicts_as_words_rows_and_json(tmp_path: Path) -> None:
    found = said(write_lab(tmp_path, "lab", seeds=20))
    counts = [each.verdict.verdict for each in found]
    text = claims_headline.sentence(found, "lab")
    assert f" of {len(found)} parts" in text and f"supports {counts.count(SUPPORTED)} " in text
    assert "S2, S4, S5, S6, S8, S9, S11, S12, S13 for want of data" in text
    rows = claims_text.rows(found)
    assert len(rows) == len(found) and rows["link"].str.contains("run=lab").all()
    assert [part[0] for part in claims_text.statements(found)] == ALL
    only = claims_text.statements(found, SUPPORTED)
    assert {each.verdict.verdict for part in only for each in part[3]} == {SUPPORTED}
    assert json.loads(json.dumps([claims_text.plain(each) for each in found], allow_nan=False))
    assert format.effect(Estimate(-51.25, -61.95, -37.89, 80), "points") == "−51 [−62, −38] points"
    assert format.effect(Estimate(0.0123, 0.0101, 0.0145, 80), "") == "0.0123 [0.0101, 0.0145]"


def test_harder_data_is_not_told_of_a_run_of_neither_kind_from_two_others(tmp_path: Path) -> None:
    run = changed(write_lab(tmp_path, "mine", seeds=20), list(DIGITS))
    card = json.loads(run.card.read_text())
    card["dataset"]["name"] = "own"
    write_json(run.card, card)
    write_manifest(run)
    assert "S14" not in {each.verdict.claim.source for each in said(run)}
