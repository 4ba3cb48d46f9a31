"""Every query against an oracle in plain numpy, and the sandbox around them."""

import re
import shutil
import threading
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ablations_fixture import with_ablations
from archive_fixture import CLASSES, JUDGES, LOGSNR, SEEDS, STEPS, picture, probability, samples, write_run
from clip_fixture import JUDGE, PROMPTS, write_clip
from copier_fixture import write_pairs
from guided_fixture import STEPS as GUIDED_STEPS
from guided_fixture import write_sweep
from lab_fixture import DIGITS, write_lab
from recorded_fixture import begun
from steps_fixture import write_starts, write_steps

from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from firstlight.parquet import write_table
from firstlight.run_folder import Run
from firstlight.table_schema import JUDGEMENTS, METRICS, QUALITY
from store.database import Archive
from store.queries import QUERIES, statement
from store.views import SQL, _folder, connect

NEEDED = {
    "run": "first", "sample": 1, "ids": ["first"], "names": ["a group"], "thresholds": [0.5],
    "view": "x", "judge": JUDGES["x"], "clip": JUDGE, "template": PROMPTS[0],
    "labels": [0], "steps": GUIDED_STEPS[0], "like": "first",
    "against": "learning_rate", "learnt": ["learning_rate"], "by": "dataset", "sweep": "rates",
}  # fmt: skip
OF_CARDS = (
    "runs",
    "run_values",
    "settings",
    "run_page",
    "run_choices",
    "best_drawn",
    "run_groups",
    "run_points",
    "fact_names",
)  # a run without tables has a row


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, "first")
    config = {"steps": 7, "seed": 0, "x": [1]}
    write_run(folder, "second", name="<b>two</b>", started="2020-01-01T00:00:00+00:00", config=config)
    write_run(folder, "empty", tables=())
    return folder


@pytest.fixture(scope="module")
def archive(root: Path) -> Archive:
    return Archive(root)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    run = write_lab(tmp_path_factory.mktemp("lab"), "first", seeds=4)
    write_clip(run, DIGITS, seeds=4)
    write_starts(write_steps(with_ablations(run, seeds=4)), {(10, None): 4.0, (10, -4.0): 2.0})
    write_sweep(run)
    write_pairs(run)
    write_run(run.folder.parent, "rates-1", sweep="rates")
    write_run(run.folder.parent, "torn").quality.unlink()
    return Archive(run.folder.parent)


def needed(query: str) -> dict[str, object]:
    names = re.findall(r"\$(\w+)", statement(query))
    return {name: NEEDED[name] for name in names if name in NEEDED}


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_every_query_has_a_sentence_on_top_and_the_same_columns_with_and_without_rows(
    archive: Archive, lab: Archive, query: str
) -> None:
    assert statement(query).startswith("-- ") and "{" not in statement(query)
    full = archive.ask(query, **needed(query))
    full = full if len(full) else lab.ask(query, **needed(query))
    bare = archive.ask(query, **{**needed(query), "run": "empty"})
    assert len(full) and list(full.columns) == list(bare.columns)
    assert query in OF_CARDS or bare.empty


def test_an_archive_without_runs_or_folder_answers_with_empty_frames(archive: Archive, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "not there"):
        empty = Archive(folder)
        for query in sorted(QUERIES):
            if "run" not in needed(query):
                answer = empty.ask(query, **needed(query))
                assert answer.empty and list(answer.columns) == list(archive.ask(query, **needed(query)).columns)


def test_a_distance_over_a_floor_of_other_numbers_of_pictures_is_no_ratio(tmp_path: Path) -> None:
    old = write_run(tmp_path, "old")
    table = pq.read_table(old.quality)
    fewer = [{**row, "n": 60} if row["metric"] == "frechet_floor" else row for row in table.to_pylist()]
    write_table(old.quality, pa.Table.from_pylist(fewer, table.schema))
    write_manifest(old)
    write_run(tmp_path, "new")
    archive = Archive(tmp_path)
    ratio = archive.ask("runs").set_index("run")["frechet_ratio"]
    assert pd.isna(ratio["old"]) and ratio["new"] == 2.0
    assert {"frechet", "frechet_floor"} <= set(archive.ask("quality", run="old")["metric"])


def test_distances_that_an_older_version_measured_have_no_value(tmp_path: Path) -> None:
    """Draws were not kept by a version whose Fréchet intervals are too wide; `kid` is the biased estimate."""
    old = write_run(tmp_path, "old")
    renamed = {"kid_by_class": "kid"}
    rows = [row | {"draws": None, "metric": renamed.get(row["metric"], row["metric"])}
            for row in pq.read_table(old.quality).to_pylist()]  # fmt: skip
    write_table(old.quality, pa.Table.from_pylist(rows, QUALITY))
    write_manifest(old)
    write_run(tmp_path, "new")
    archive = Archive(tmp_path)
    values = {run: archive.ask("quality", run=run).set_index("metric")["value"] for run in ("old", "new")}
    assert set(values["old"].index) == set(values["new"].index)
    lacking = {metric for metric in values["old"].index if values["old"][[metric]].isna().all()}
    assert lacking == {"frechet", "frechet_ratio", "kid_by_class"} and values["new"].notna().all()
    assert archive.ask("runs").set_index("run")["frechet_ratio"].isna().to_dict() == {"old": True, "new": False}


def test_home_table(archive: Archive) -> None:
    frame = archive.ask("runs")
    assert frame["run"].tolist()[-1] == "second"  # the oldest
    row = frame.set_index("run").loc["first"]
    assert (row["best_loss"], row["last_loss"]) == (1 / 200, 1 / 200)
    assert (row["accuracy"], row["accuracy_low"], row["frechet_ratio"], row["cas"]) == (0.98, 0.97, 2.0, 0.988)
    assert list(row["classes"]) == CLASSES and row["sampling_steps"] == STEPS and pd.isna(row["diverged_at"])
    assert frame.set_index("run").loc["second", "name"] == "<b>two</b>"


def curve(root: Path, values: list[float]) -> Archive:
    run = write_run(root, "curve", tables=())
    count = len(values)
    columns = {"step": range(1, count + 1), "epoch": [0.0] * count, "metric": ["loss"] * count, "value": values}
    write_table(run.metrics, pa.table({name: list(held) for name, held in columns.items()}, schema=METRICS))
    write_manifest(run)
    return Archive(root)


def test_smoothing_is_the_mean_over_a_window_of_steps(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=50)
    frame = curve(tmp_path, values.tolist()).ask("losses", run="curve", smoothing=10)
    expected = [values[max(0, at - 5) : at + 6].mean() for at in range(50)]
    assert np.abs(frame["smooth"].to_numpy() - expected).max() < 1e-12  # sums of 11 numbers of size 1
    assert np.array_equal(frame["value"], values)


def test_a_long_curve_keeps_its_ends_and_its_spike(tmp_path: Path) -> None:
    values = np.ones(5000)
    values[2222] = 100.0
    archive = curve(tmp_path, values.tolist())
    frame = archive.ask("losses", run="curve", points=60)
    assert len(frame) == 60 and frame["step"].iloc[[0, -1]].tolist() == [1, 5000]
    assert frame.loc[frame["value"].idxmax(), "step"] == 2223
    assert len(archive.ask("losses", run="curve")) == 400


def test_small_files_answer_as_their_statement_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    for run_id, count in (("long", 900), ("odd", 50), ("short", 3), ("infinite", 1)):
        with begun(tmp_path, run_id) as run:
            for step in np.cumsum(draw.integers(1, 4, count)).tolist():
                value = float(draw.choice([draw.normal(), 100.0, float("nan")], p=[0.9, 0.05, 0.05]))
                run.log(step, {"Train/Loss": float("inf") if run_id == "infinite" else value, "other": 1.0})
    archive = Archive(tmp_path)

    def answers() -> list[pd.DataFrame]:
        archive._answers.clear()
        shapes = [(None, None), (None, 2), (1, 60), (3, None), (40, 60), (5000, 2000)]
        several = [archive.ask("losses", smoothing=width, points=points) for width, points in shapes]
        single = [archive.ask("losses", runs=["odd"], smoothing=20), archive.ask("losses", metric="none")]
        return several + single + [archive.ask("losses", metric="other"), archive.ask("loss_values")]

    small = answers()
    monkeypatch.setattr("store.database.answerer", lambda sql, chosen: None)
    for one, other in zip(small, answers(), strict=True):
        pd.testing.assert_frame_equal(one, other, check_dtype=len(other) > 0, rtol=1e-12)  # sums in another order


def test_a_metric_against_another_has_its_last_value_before_each_step(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a")
    steps = {"loss": range(1, 1001), "rate": range(0, 1001, 7)}
    rows = [(step, name, np.nan if (name, step) == ("loss", 13) else float(step))
            for name, held in steps.items() for step in held]  # fmt: skip
    columns = {"step": [row[0] for row in rows], "epoch": [0.0] * len(rows), "metric": [row[1] for row in rows],
               "value": [row[2] for row in rows]}  # fmt: skip
    write_table(run.metrics, pa.table(columns, schema=METRICS))
    write_manifest(run)
    archive = Archive(tmp_path)
    whole = archive.ask("metric_pairs", run="a", against="rate", points=2000)
    assert whole["step"].tolist() == [step for step in range(1, 1001) if step != 13]
    assert (whole["value"] == whole["step"]).all()
    assert (whole["against"] == whole["step"] // 7 * 7).all()
    some = archive.ask("metric_pairs", run="a", against="rate", points=100)
    assert 100 <= len(some) < 200
    assert some.merge(whole).equals(some)
    assert archive.ask("metric_pairs", run="a", against="never").empty


def test_a_loss_that_is_no_number_is_a_gap_and_poisons_nothing(tmp_path: Path) -> None:
    archive = curve(tmp_path, [3.0, 2.0, 1.0, float("nan"), float("inf")])
    frame = archive.ask("losses", run="curve")
    assert frame["step"].tolist() == [1, 2, 3, 4]
    assert np.array_equal(frame["smooth"], [3.0, 2.0, 1.0, np.nan], equal_nan=True)
    row = archive.ask("runs").iloc[0]
    assert (row["best_loss"], row["last_loss"], row["diverged_at"]) == (1.0, 1.0, 4)
    assert np.isfinite(archive.ask("sparkline")["points"].iloc[0]).all()


@pytest.mark.parametrize("name", ["train/loss", "loss/train", "train_loss", "Train/Loss_step"])
def test_a_training_loss_is_the_run_s_loss_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    ids = ["both", "named", "none"]
    for run_id, metrics in zip(ids, (["loss", name], [name, "val/loss"], ["val/loss", "lossy"]), strict=True):
        with begun(tmp_path, run_id) as run:
            for place, metric in enumerate(metrics):
                run.log(1, {metric: 3.0 + place})
                run.log(2, {metric: 2.0 + place})
    archive = Archive(tmp_path)
    bands = archive.ask("loss_bands", ids=ids, names=ids).rename(columns={"name": "run"})
    for frame in (archive.ask("losses"), archive.ask("loss_values"), bands):
        assert set(frame["run"]) == {"both", "named"}
        assert frame.sort_values(["run", "step"])["value"].tolist() == [3, 2, 3, 2]
    assert archive.ask("losses", metric="val/loss")["run"].tolist() == ["named", "named", "none", "none"]
    best = archive.ask("runs").set_index("run")["best_loss"]
    assert best[["both", "named"]].tolist() == [2.0, 2.0] and pd.isna(best["none"])
    assert archive.ask("sparkline")["run"].tolist() == ["both", "named"]
    names = archive.ask("metric_names").query("is_loss")
    assert dict(zip(names["run"], names["metric"], strict=True)) == {"both": "loss", "named": name}


def test_a_run_of_one_step_is_a_curve(tmp_path: Path) -> None:
    archive = curve(tmp_path, [2.0])
    assert archive.ask("losses", run="curve", smoothing=100)["smooth"].tolist() == [2.0]
    assert archive.ask("sparkline")["points"].iloc[0].tolist() == [2.0]


def test_sparkline_averages_equal_stretches(archive: Archive) -> None:
    points = archive.ask("sparkline", run="first", points=5)["points"].iloc[0]
    assert np.allclose(points, (1 / np.arange(1, 201)).reshape(5, 40).mean(axis=1), atol=1e-12)
    assert archive.ask("sparkline", run="first", metric="learning_rate")["points"].iloc[0] == pytest.approx(0.01)


def test_snapshots_of_a_class_and_the_last_of_each(archive: Archive) -> None:
    frame = archive.ask("snapshots", run="first", label=2, step=100)
    assert frame["seed"].tolist() == SEEDS and bytes(frame["image"].iloc[0]) == picture(170)
    last = archive.ask("last_snapshots", runs=["first"])
    assert last["label"].tolist() == [0, 1, 2] and set(last["seed"]) == {0} and set(last["step"]) == {200}
    assert [bytes(image) for image in last["image"]] == [picture(80 * label + 20) for label in range(3)]


def test_a_trajectory_comes_with_all_its_frames(archive: Archive) -> None:
    row = archive.ask("trajectory", run="first", sample=4).iloc[0]
    assert (row["label"], row["seed"]) == (1, 1)
    assert list(row["frames"]) == list(range(STEPS + 1)) and list(row["logsnr"]) == LOGSNR
    assert bytes(row["denoised"]) == b"".join(picture(50 * frame) for frame in range(STEPS + 1))
    assert archive.ask("trajectory", run="first", sample=99).empty
    assert len(archive.ask("trajectory_choices", run="first")) == len(samples())


def test_a_judgement_curve_has_every_axis(archive: Archive) -> None:
    frame = archive.ask("judgement_curve", run="first", sample=1, view="denoised")
    logsnr = np.array(LOGSNR)
    alpha_bar = 1 / (1 + np.exp(-logsnr))
    assert np.allclose(frame["percent"], [0, 25, 50, 75, 100])
    assert np.allclose(frame["logsnr"], logsnr)
    assert np.allclose(frame["sigma"], np.sqrt((1 - alpha_bar) / alpha_bar), rtol=1e-6)
    assert np.allclose(frame["ou"], -0.5 * np.log(alpha_bar), rtol=1e-6)
    assert np.allclose(frame["probability"], [probability(1, 0, step) for step in range(STEPS + 1)])
    assert len(archive.ask("judgement_curve", run="first", sample=1)) == 3 * (STEPS + 1)


def judged(root: Path, top: np.ndarray, given: np.ndarray, label: np.ndarray) -> Archive:
    """A run with these verdicts, (samples, steps + 1), stored in a random order, by one judge of x̂0."""
    count, frames = top.shape
    run = write_run(root, "judged", tables=())
    sample, step = (part.ravel() for part in np.meshgrid(np.arange(count), np.arange(frames), indexing="ij"))
    columns = {
        "sample": sample, "label": label[sample], "seed": sample, "step": step, "steps": np.full(len(step), frames - 1),
        "logsnr": step - 5.0, "view": ["denoised"] * len(step), "judge": ["a"] * len(step), "top": top.ravel(),
        "probability": given.ravel(), "entropy": np.zeros(len(step)),
    }  # fmt: skip
    table = pa.table({name: pa.array(values, JUDGEMENTS.field(name).type) for name, values in columns.items()})
    order = np.random.default_rng(0).permutation(len(table))
    write_table(run.judgements, table.take(order).cast(JUDGEMENTS))
    write_manifest(run)
    return Archive(root)


def test_recognizability_is_its_definition(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    label = generator.integers(0, 3, 300)
    top = np.where(generator.random((300, 9)) < 0.85, label[:, None], (label[:, None] + 1) % 3)
    given = generator.uniform(0.4, 1.0, (300, 9)).astype(np.float32)
    given[5, 3] = np.nan
    archive = judged(tmp_path, top, given, label)
    for threshold in (0.0, 0.5, float(given[0, 8]), 0.9):
        with np.errstate(invalid="ignore"):
            hit = (top == label[:, None]) & (given >= np.float32(threshold))
        frame = archive.ask("recognizability", run="judged", judge="a", view="denoised", threshold=threshold)
        frame = frame.set_index("sample").sort_index()
        for at in range(300):
            stays = [k for k in range(9) if hit[at, k:].all()]
            first = np.flatnonzero(hit[at])
            row = frame.loc[at]
            assert row["step"] == stays[0] if stays else pd.isna(row["step"])
            assert row["first_step"] == first[0] if len(first) else pd.isna(row["first_step"])
            assert row["final_top"] == top[at, -1]
            if stays:
                assert row["flicker"] == stays[0] - first[0] and row["percent"] == 100 * stays[0] / 8
                assert row["logsnr"] == stays[0] - 5 and row["ou"] == pytest.approx(
                    0.5 * np.log1p(np.exp(5 - stays[0]))
                )
                assert pd.isna(row["missed_step"]) if not stays[0] else row["missed_step"] == stays[0] - 1


def test_missed_steps_bracket_the_point_where_frames_are_skipped(tmp_path: Path) -> None:
    archive = judged(tmp_path, np.array([[1, 0, 0]]), np.ones((1, 3)), np.array([0]))
    row = archive.ask("recognizability", run="judged").iloc[0]
    assert (row["missed_step"], row["step"], row["missed_percent"], row["percent"]) == (0, 1, 0, 50)


def test_the_hand_made_run_is_recognized_as_its_fixture_says(archive: Archive) -> None:
    frame = archive.ask("recognizability", run="first", judge="mnist-clean", view="denoised", threshold=0.5)
    assert (
        frame.groupby("label")["step"].first().tolist()[:2] == [1, 2]
        and frame[frame["label"] == 2]["step"].isna().all()
    )
    row = archive.ask("recognition_medians", ids=["first", "empty"], thresholds=[0.5, 0.5]).iloc[0]
    assert (row["run"], row["n"], row["never"], row["percent"]) == ("first", 6, 2, 50)
    strict = archive.ask("recognition_medians", ids=["second", "first"], thresholds=[0.5, 0.95]).set_index("run")
    assert strict["never"].to_dict() == {"first": 6, "second": 2} and pd.isna(strict.loc["first", "percent"])
    assert archive.ask("recognition_medians", ids=[], thresholds=[]).empty


def test_an_unknown_judge_view_or_threshold_is_an_empty_answer_or_never(archive: Archive) -> None:
    assert archive.ask("recognizability", run="first", judge="nobody").empty
    assert archive.ask("recognizability", run="first", view="'; drop table x; --").empty
    assert archive.ask("recognizability", run="first", threshold=float("nan"))["step"].isna().all()


def test_the_ends_of_wilsons_interval_are_where_the_score_test_turns(root: Path) -> None:
    connection = connect(":memory:", root)
    for hits, n in ((0, 7), (1, 7), (3, 7), (7, 7), (240, 1000)):
        found = connection.execute("select wilson($h, $n, -1), wilson($h, $n, 1)", {"h": hits, "n": n}).fetchall()[0]
        for share in found:
            assert abs(abs(hits / n - share) - 1.959963984540054 * np.sqrt(share * (1 - share) / n)) < 1e-12
        assert found[0] <= hits / n <= found[1]
    assert connection.execute("select wilson(0, 0, -1), wilson(0, 0, 1)").fetchall() == [(0, 1)]


def test_settings_that_differ_are_marked(archive: Archive) -> None:
    frame = archive.ask("settings", runs=["first", "second"]).set_index(["setting", "run"])
    assert frame.loc[("steps", "first"), "value"] == "4" and frame.loc[("steps", "second"), "value"] == "7"
    assert frame.loc[("steps", "first"), "differs"] and not frame.loc[("seed", "first"), "differs"]
    assert frame.loc[("batch", "first"), "differs"] and frame.loc[("x", "second"), "differs"], "one alone has it"


def test_only_the_runs_asked_for_are_opened(root: Path) -> None:
    archive = Archive(root)
    assert set(archive.ask("losses", runs=["second"])["run"]) == {"second"}
    assert set(archive.ask("losses", run="first")["run"]) == {"first"}
    assert archive.ask("losses", runs=[]).empty
    assert archive.ask("runs", runs=["first"])["run"].tolist() == ["first"]


def test_wrong_questions_are_programming_errors(archive: Archive) -> None:
    with pytest.raises(KeyError, match="there is no query"):
        archive.ask("../../etc/passwd")
    with pytest.raises(KeyError):
        archive.ask("setup/sandbox")
    with pytest.raises(TypeError, match="lacks sample"):
        archive.ask("trajectory", run="first")
    with pytest.raises(TypeError, match="knows no smothing"):
        archive.ask("losses", smothing=3)
    with pytest.raises(RunError, match="no answer to trajectory"):
        archive.ask("trajectory", run="first", sample="one")
    assert archive.ask("trajectory", run="first", sample=10**30).empty
    assert archive.ask("trajectory", run="first", sample=np.int64(1))["sample"].tolist() == [1]


def test_the_database_reaches_the_archive_alone(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    connection = connect(":memory:", root)
    for sql in (
        f"from read_csv('{tmp_path}/secret.csv')", "from read_text('/etc/hostname')", f"attach '{tmp_path}/new.duckdb'",
        f"copy (select 1) to '{tmp_path}/out.csv'", "set enable_external_access = true", "install httpfs",
        "set allowed_directories = ['/']", f"from read_parquet('{root}/../*/*.parquet')",
    ):  # fmt: skip
        with pytest.raises(duckdb.Error):
            connection.execute(sql)


@pytest.mark.parametrize("name", ["it's [here]", "a*b?", "späte Läufe", "{x}"])
def test_an_archive_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / name, "first")
    assert len(Archive(tmp_path / name).ask("losses", run="first")) == 200


def test_threads_get_their_own_rows(root: Path) -> None:
    archive, wrong = Archive(root), []

    def ask(run: str, sample: int) -> None:
        for turn in range(10):
            row = archive.ask("trajectory", run=run, sample=sample)
            curve = archive.ask("losses", run=run, points=10 + turn)
            if row["run"].tolist() != [run] or row["sample"].tolist() != [sample] or set(curve["run"]) != {run}:
                wrong.append((run, sample))

    threads = [threading.Thread(target=ask, args=(run, sample)) for run in ("first", "second") for sample in (0, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_answer_follows_its_files_and_its_caller_may_change_it(tmp_path: Path) -> None:
    archive = curve(tmp_path, [3.0, 2.0])
    mine = archive.ask("losses")
    mine["value"] = 0.0
    assert archive.ask("losses")["value"].tolist() == [3.0, 2.0]
    curve(tmp_path, [3.0, 2.0, 1.0])
    assert archive.ask("losses")["value"].tolist() == [3.0, 2.0, 1.0]
    (Run(tmp_path / "curve").card).unlink()
    assert archive.ask("losses").empty


def test_a_run_that_moves_brings_its_own_figures_and_leaves_the_others_theirs(tmp_path: Path) -> None:
    archive = curve(tmp_path, [3.0, 2.0])
    write_run(tmp_path, "first")
    before = archive.ask("runs").set_index("run")
    curve(tmp_path, [3.0, 2.0, 1.0])
    after = archive.ask("runs").set_index("run")
    assert (before.loc["curve", "last_loss"], after.loc["curve", "last_loss"]) == (2.0, 1.0)
    assert before.loc["first"].equals(after.loc["first"]) and after.loc["first", "accuracy"] == 0.98
    assert after.equals(Archive(tmp_path).ask("runs").set_index("run"))


def test_a_file_that_passes_as_sound_and_is_not_leaves_the_other_runs_their_answers(root: Path, tmp_path: Path) -> None:
    """Between the look at a file and its reading it may be gone or other; here it is made so by hand."""
    write_run(tmp_path, "good")
    gone = write_run(tmp_path, "gone")
    archive = Archive(tmp_path)
    chosen = archive.entries()
    gone.metrics.write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1")
    with pytest.raises(duckdb.Error):
        archive._answer(statement("losses"), {"smoothing": 0, "points": None, "metric": None}, chosen)
    salvaged = archive._salvaged(
        "losses", statement("losses"), {"smoothing": 0, "points": None, "metric": None}, chosen
    )
    assert set(salvaged["run"]) == {"good"}


def test_every_statement_stands_in_a_file() -> None:
    for path in (SQL.parent).glob("*.py"):
        code = re.sub(r'""".*?"""', "", path.read_text(), flags=re.S)
        assert not re.search(
            r"\b(select|create|attach|copy|set|pragma)\b [\w$]+ (from|as|=|view|table)\b", code, re.I
        ), path


def test_whoever_cleans_up_the_folder_of_temporary_files_stops_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, "bare", tables=())
    archive = Archive(tmp_path)
    shutil.rmtree(_folder().name)
    assert archive.ask("quality", run="bare").empty
