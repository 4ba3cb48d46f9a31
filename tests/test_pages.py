"""Every page on archives of every kind: it says its own thing, and never a traceback."""

import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from app_fixture import PAGES, html_of, linked
from archive_fixture import card, write_run
from streamlit.testing.v1 import AppTest

from dashboard.__main__ import main as serve
from dashboard.components.elements import literal
from firstlight import extras

Open = Callable[..., AppTest]
Shared = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of an archive, the one in tmp_path where none is named, as a link to it does."""
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))

    def page(name: str = "runs", root: Path | None = None, /, **query: str) -> AppTest:
        if root:
            monkeypatch.setenv("FIRSTLIGHT_RUNS", str(root))
        test = linked(name, **query)
        assert [error.value for error in test.exception] == []
        assert test.title[0].value == PAGES[name]
        return test

    return page


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """An archive that is made at its first use and that many tests read."""
    roots: dict[str, Path] = {}

    def archive(name: str, make: Callable[[Path], object]) -> Path:
        if name not in roots:
            roots[name] = tmp_path_factory.mktemp("shared")
            make(roots[name])
        return roots[name]

    return archive


@pytest.fixture
def whole(shared: Shared) -> Path:
    """An archive of one run with every table, for those who change nothing."""
    return shared("whole", lambda root: write_run(root, "first"))


def words(test: AppTest) -> str:
    """All text of a page, boxes and HTML."""
    return " ".join([*(box.value for box in test.info), *html_of(test)])


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_archive_names_the_command(opened: Open, shared: Shared, name: str) -> None:
    root = shared("empty", lambda root: None)
    assert literal("firstlight train --preset tiny") in opened(name, root).info[0].value


@pytest.mark.parametrize("installed", [False, True])
@pytest.mark.parametrize("name", ["runs", "training", "ask"])
def test_an_empty_archive_says_first_what_trains_is_lacking(
    opened: Open, shared: Shared, monkeypatch: pytest.MonkeyPatch, name: str, installed: bool
) -> None:
    root, what = shared("empty", lambda root: None), "What trains is not installed yet; install it first with: "
    assert what not in opened(name, root).info[0].value
    monkeypatch.setattr(extras, "INSTALLED", installed)
    monkeypatch.setitem(sys.modules, "torch", None)
    how = "pip install 'firstlight[train]'" if installed else "make install"
    assert opened(name, root).info[0].value.endswith(literal(f"{what}{how}"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_a_whole_run(opened: Open, whole: Path, name: str) -> None:
    assert "first" in words(opened(name, whole)) or name == "generate"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("trajectory", "firstlight trace bare"),
        ("recognizability", "firstlight evaluate recognizability bare"),
        ("speciation", "firstlight evaluate speciation bare"),
        ("clip_rankings", "firstlight evaluate clip bare"),
        ("generate", "firstlight export bare"),
        ("runs", "firstlight evaluate all bare"),
    ],
)
def test_what_a_run_lacks_is_named_with_its_command(opened: Open, shared: Shared, name: str, command: str) -> None:
    root = shared("bare", lambda root: write_run(root, "bare", tables=("metrics",)))
    said = words(opened(name, root))
    assert command in said or literal(command) in said


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("state", ["running", "stopped", "diverged"])
def test_an_unfinished_run_with_nothing_in_it_is_no_accident(
    opened: Open, shared: Shared, name: str, state: str
) -> None:
    root = shared(state, lambda root: None)
    write_run(root, "young", tables=(), state=state, step=0, epoch=0.0, seconds=0.0)  # each with a heartbeat of now
    opened(name, root)


@pytest.mark.parametrize("name", PAGES)
def test_a_damaged_run_hides_no_other(opened: Open, shared: Shared, name: str) -> None:
    def broken(root: Path) -> None:
        write_run(root, "broken").metrics.write_bytes(b"garbage")
        write_run(root, "first")

    test = opened(name, shared("broken", broken))
    if name == "runs":
        assert "damaged" in words(test) and "broken: metrics.parquet" in words(test)
    assert test.selectbox(key="run").options == ["first"]


def test_an_archive_of_damaged_runs_says_so(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "broken").metrics.write_bytes(b"")
    assert "0 bytes" in words(opened())


def test_a_link_to_a_damaged_run_says_which_and_why(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "broken").metrics.write_bytes(b"garbage")
    assert "broken is damaged: metrics" in opened("training", run="broken").info[0].value.replace("\\", "")


@pytest.mark.parametrize("bad", ["../x", "/etc", "C:\\", "\0", "x" * 10_000, "<script>alert(1)</script>", "first​"])
def test_a_run_that_is_none_gets_the_default_and_one_notice(opened: Open, whole: Path, bad: str) -> None:
    test = opened("runs", whole, run=bad)
    assert [box.value for box in test.info] == [
        "The link asks for a run that is not here or is damaged; the page shows its default instead."
    ]
    assert test.selectbox(key="run").value == "first"


def test_a_training_that_did_not_begin_in_noise_says_so(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second", config=card("second")["config"] | {"start": "first"})
    assert "began with the weights" not in words(opened("training", run="first"))
    assert "The training began with the weights of first." in words(opened("training", run="second"))


def test_a_run_that_goes_while_it_is_viewed_leads_to_another_and_says_so(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    gone = write_run(tmp_path, "second")
    test = opened("training", run="second")
    shutil.rmtree(gone.folder)
    assert "asks for a run that is not here" in test.run().info[0].value and not test.exception
    assert test.selectbox(key="run").value == "first" and not test.run().info


def test_a_run_beside_that_is_damaged_gets_one_notice(opened: Open, tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    write_run(tmp_path, "second")
    write_run(tmp_path, "broken").metrics.write_bytes(b"")
    (notice,) = opened("report", run="first", **{"with": "broken"}).info or opened(**{"with": "broken"}).info
    assert "asks for a run beside it that is not here or is damaged" in notice.value


def test_several_bad_words_in_a_link_get_one_notice(opened: Open, whole: Path) -> None:
    assert len(opened("runs", whole, run="none", **{"class": "11"}, axis="time").info) == 1


def test_names_are_literal_text(opened: Open, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> ![x](http://example.org/x.png) $x$ :red[r] =cmd"
    write_run(tmp_path, "first", name=hostile)
    test = opened()
    said = words(test)
    assert "&lt;script&gt;" in said and "<script>" not in said and "![x](http" in said
    assert all("example.org" not in element.value for element in test.markdown)


def test_literal_text_stays_what_it_was_for_a_reader() -> None:
    text = "a_b *c* `d` [e](f) $g$ :red[h] <i> ~j~ 70 %"
    assert literal(text).replace("\\", "") == text


def test_the_threshold_moves_the_headline(opened: Open, whole: Path) -> None:
    test = opened("recognizability", whole)
    assert "Half of the pictures are recognizable by 50" in words(test)
    test.slider(key="threshold").set_value(95).run()
    assert "never recognized" in words(test)


def test_every_axis_and_view_has_a_headline(opened: Open, whole: Path) -> None:
    test = opened("recognizability", whole)
    for axis in ("logSNR", "σ", "OU time"):
        test.selectbox(key="axis").select(axis).run()
        assert "Half of the pictures are recognizable" in words(test) and f"here {axis}" in words(test)
    for view in test.selectbox(key="judged").options:
        test.selectbox(key="judged").select(view).run()
        assert not test.exception


def test_another_class_is_another_trajectory(opened: Open, whole: Path) -> None:
    test = opened("trajectory", whole)
    assert "recognizes this 0 in x_t from 25&nbsp;% of the steps on" in words(test)
    assert "Step 1, logSNR" in words(test)
    test.selectbox(key="class").select("2").run()
    assert "does not recognize this 2" in words(test)


def test_loss_that_diverged_is_said(opened: Open, tmp_path: Path) -> None:
    import pyarrow as pa
    from archive_fixture import metrics

    from firstlight.manifest import write_manifest
    from firstlight.parquet import write_table

    run = write_run(tmp_path, "wild", state="diverged")
    table = metrics().to_pydict()
    table["value"][150] = float("nan")
    write_table(run.metrics, pa.table(table, schema=metrics().schema))
    write_manifest(run)
    assert "it diverged at step 151" in words(opened("training"))


def test_a_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert serve(["--port", str(taken.getsockname()[1])]) == 2
    said = capsys.readouterr().err
    assert "choose another" in said and len(said.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "70000"], ["--runs", "/no/such/folder"]])
def test_senseless_arguments_are_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert serve(arguments) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
