"""What a page remembers it forgets when what that depends on changes: each such thing is changed, and it is seen."""

import ast
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from app_fixture import linked
from archive_fixture import write_run
from streamlit.testing.v1 import AppTest

from dashboard import generation
from dashboard.claims import text as claims_text
from evaluator.judges import cards
from evaluator.judges.judge import judge_for_run
from firstlight.archives import FITTED, writable
from firstlight.run_folder import Run
from firstlight.run_writes import changing, store_table
from store.notes import Notes, read_notes, write_notes

ROOT = Path(__file__).parent.parent
SHOWS = {  # a page and what is chosen on it -> the tables of a run that it shows
    ("runs", ""): ("quality", "metrics", "snapshots"),
    ("trajectory", ""): ("trajectories", "judgements"),
    ("network", ""): ("ablations",),
    ("training", ""): ("metrics", "snapshots"),
    ("recognizability", ""): ("recognition",),
    ("recognizability", "judged=x_t, noisy, mnist-noisy"): ("judgements",),
    ("speciation", "experiment=Cloning"): ("speciation",),
    ("speciation", "experiment=U-turn"): ("uturn",),
    ("speciation", "experiment=Label swap"): ("swap",),
    ("speciation", "experiment=Classifier"): ("classifier",),
    ("speciation", "experiment=Posterior"): ("posterior",),
    ("clip_rankings", ""): ("clip", "clip_pictures"),
    ("guidance", ""): ("guided",),
    ("steps", ""): ("solver_steps", "late_start"),
    ("compare", ""): ("recognition",),
    ("claims", ""): ("recognition", "guided", "quality"),
}
UNITS = ("seed", "pair", "picture")  # of what a table may have fewer and still be whole
FIGURES = ("value", "low", "high", "accuracy", "frechet_ratio", "frechet", "probability")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two runs that have every table."""
    root = tmp_path_factory.mktemp("archive")
    for name in ("mnist", "fashion"):
        shutil.copytree(ROOT / "runs" / name, root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTLIGHT_RUNS", str(root))
        yield root


@pytest.mark.parametrize(("page", "chosen"), SHOWS)
def test_another_table_is_another_page(page: str, chosen: str, archive: Path) -> None:
    run = Run(archive / "mnist")
    query = dict([chosen.split("=")]) if chosen else {}
    before = drawn(page, **query)
    assert drawn(page, **query) == before, "the page is not the same twice, so the test would prove nothing"
    for name in SHOWS[page, chosen]:
        path = run.tables[name]
        kept, manifest = path.read_bytes(), run.manifest.read_bytes()
        store_table(path, changed(pq.read_table(path)))
        assert drawn(page, **query) != before, f"{page} still shows the former {name}"
        path.write_bytes(kept)
        run.manifest.write_bytes(manifest)
    assert drawn(page, **query) == before


def changed(table: pa.Table) -> pa.Table:
    """The same kind of table with half of its seeds, other pictures and other results."""
    unit = next((each for each in UNITS if each in table.column_names), "")
    if unit:
        middle = np.median(np.unique(table[unit].to_numpy()))
        table = table.filter(pc.less_equal(table[unit], pa.scalar(middle)))
    for name in set(table.column_names) & {*FIGURES, "image"}:
        values = table[name].to_pylist()
        other = (
            [each and each[::-1] for each in values] if name == "image" else [each and each * 0.9 for each in values]
        )
        column = pa.array(other, table.schema.field(name).type)
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    return table


def drawn(name: str, **query: str) -> str:
    """The digest of all that a page shows of mnist."""
    test = linked(name, run="mnist", **query)
    assert [error.value for error in test.exception] == []
    assert test.info or test.get("html"), name
    return hashlib.sha256(b"".join(_shown(test))).hexdigest()


def _shown(test: AppTest) -> Iterator[bytes]:
    for element in test.main:
        if element.proto is not None and element.type != "download_button":  # each has a link of its own
            yield element.proto.SerializeToString(deterministic=True)


def test_no_argument_is_left_out_of_a_key() -> None:
    """Streamlit does not hash arguments whose names begin with an underscore."""
    found = [f"{path.name}: {name}" for path in (ROOT / "dashboard").rglob("*.py") for name in _unhashed(path)]
    assert not found


def _unhashed(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any("st.cache" in ast.unparse(each) for each in node.decorator_list):
            yield from (each.arg for each in node.args.args if each.arg.startswith("_"))


def test_another_network_under_the_same_name_is_another_page_drawing_and_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time of writing is put back, as a copy that keeps times does."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    for name in ("mnist", "mnist-student-2"):
        shutil.copytree(ROOT / "runs" / name, tmp_path / name)
    run, other = Run(tmp_path / "mnist"), Run(tmp_path / "mnist-student-2")
    former, picture = {name: drawn(name) for name in ("network", "forward")}, one_digit(run)
    times = run.denoiser.stat().st_atime_ns, run.denoiser.stat().st_mtime_ns
    with changing(run) as beside:
        for name in ("denoiser", "export"):
            shutil.copyfile(getattr(other, name), beside(getattr(run, name)))
    os.utime(run.denoiser, ns=times)
    assert not np.array_equal(one_digit(run), picture)
    for name, page in former.items():
        assert drawn(name) != page, name


def one_digit(run: Run) -> np.ndarray:
    """One picture of the run's network."""
    net = generation.denoiser(run)
    return list(generation.draw(net, np.array([0]), np.array([7]), generation.Settings(steps=2)))[-1].images


def test_the_scores_of_another_run_count_in_a_claim_that_compares_them(archive: Path) -> None:
    fashion = Run(archive / "fashion")
    before = drawn("claims")
    kept = fashion.quality.read_bytes(), fashion.manifest.read_bytes()
    store_table(fashion.quality, changed(pq.read_table(fashion.quality)))
    assert drawn("claims") != before
    for path, content in zip((fashion.quality, fashion.manifest), kept, strict=True):
        path.write_bytes(content)


def test_claims_are_judged_once_though_some_runs_have_no_score(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing number in a key must not make it another key each time."""
    write_run(archive, "unscored", tables=("metrics",))
    drawn("claims")
    asked: list[str] = []
    monkeypatch.setattr(claims_text, "verdicts_of", lambda run, ask: asked.append(run.id))
    drawn("claims")
    assert not asked


def test_a_spectrum_that_comes_into_the_archive_is_told(archive: Path) -> None:
    bundled = ROOT / "evaluator" / "theory" / "measured" / "mnist.json"
    before = drawn("forward"), drawn("speciation")
    card = json.loads(bundled.read_text())
    card["whole"]["top"] = {name: 4 * value for name, value in card["whole"]["top"].items()}
    own = writable(bundled)
    own.parent.mkdir(parents=True)
    own.write_text(json.dumps(card))
    assert drawn("speciation") != before[1]
    shutil.rmtree(archive / FITTED)
    assert (drawn("forward"), drawn("speciation")) == before


def test_a_judge_written_anew_is_read_anew(archive: Path) -> None:
    """Its card alone is another."""
    run = Run(archive / "mnist")
    bundled = cards.JUDGES / "mnist-clean.onnx"
    own = writable(bundled)
    own.parent.mkdir(parents=True)
    for path in (bundled, bundled.with_suffix(".json")):
        shutil.copyfile(path, own.with_suffix(path.suffix))
    first = judge_for_run(run, "clean").card["accuracy"]
    card = json.loads(own.with_suffix(".json").read_text())
    own.with_suffix(".json").write_text(json.dumps(card | {"accuracy": 0.5}))
    assert judge_for_run(run, "clean").card["accuracy"] == 0.5 != first
    shutil.rmtree(archive / FITTED)


def test_a_note_is_seen_at_once(archive: Path) -> None:
    run = Run(archive / "mnist")
    before = drawn("runs")
    write_notes(run, Notes(("again",), "seen twice"), read_notes(run))
    assert drawn("runs") != before
