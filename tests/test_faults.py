"""The faults of the platform's table, each made for real somewhere in these tests; here those that have no other file.

ROWS says where. Simulated are: the GPU of row 14 (a session that raises as one does whose memory is full, and the file
by which a driver is told; `-m pytest tests/test_faults.py -k gpu` fills a real one where there is one), and the minute
of silence after which a training counts as crashed, which is written into its heartbeat.
"""

import ast
import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import websockets
from app_fixture import html_of, linked
from archive_fixture import write_run
from crowd import Session, Told, joined, served
from streamlit.runtime.app_session import AppSessionState
from test_report import OUTWARD

from dashboard import generation
from dashboard.data import changes
from dashboard.report.build import LARGEST, MOST_RUNS, report
from evaluator.experiments import ablations
from evaluator.experiments.graph_surgery import open_graph, without_skips
from evaluator.experiments.subject import Subject
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from firstlight.runtime import CPU, CUDA, inference_session
from sampler import providers, session
from sampler.core_shares import shared
from sampler.generation import Settings, generate
from sampler.providers import obstacle, one_core
from store.database import Archive
from store.notes import Notes, write_notes

ROOT = Path(__file__).parent.parent
KILLS = 50 if "FIRSTLIGHT_FUZZ" in os.environ else 3
SEED = int(os.environ.get("FIRSTLIGHT_SEED", "17"))
SMALLEST = "two-digits"  # of the bundled runs

ROWS: dict[int, list[str]] = {  # of "Faults: what must happen" -> tests that make the fault
    1: [
        "test_damaged_files::test_a_damaged_file_is_told_and_hurts_nothing_else",
        "test_store::test_a_file_that_is_not_as_it_was_written_damages_its_run_alone",
        "test_pages::test_a_damaged_run_hides_no_other", "test_browser::test_a_damaged_run_is_badged_with_its_reason",
    ],
    2: ["test_store::test_a_wrong_column_damages_the_run_even_with_a_true_checksum",
        "test_store::test_a_newer_schema_names_the_version"],
    3: ["test_trainer::test_a_run_without_a_finite_loss_stops_with_a_sentence",
        "test_store_queries::test_a_loss_that_is_no_number_is_a_gap_and_poisons_nothing",
        "test_pages::test_loss_that_diverged_is_said",
        "test_dashboard_charts::test_a_loss_that_is_not_a_number_is_a_gap",
        "test_sampler_generation::test_pictures_that_are_not_numbers_are_not_shown"],
    4: ["test_pages::test_an_empty_archive_names_the_command",
        "test_pages::test_an_unfinished_run_with_nothing_in_it_is_no_accident",
        "test_store_queries::test_a_run_of_one_step_is_a_curve",
        "test_dashboard_pictures::test_a_class_that_was_never_kept_is_a_hole_in_the_grid"],
    5: ["test_faults::test_a_trainer_killed_at_any_point_leaves_a_run_that_goes_on",
        "test_store::test_what_killed_writers_left_is_swept"],
    6: ["test_store::test_a_live_run_fills_in",
        "test_browser_platform::test_a_run_is_watched_live_until_its_heart_stops"],
    7: ["test_full_disk::test_a_command_on_a_full_disk_is_one_line",
        "test_full_disk::test_what_people_write_on_a_full_disk_is_one_sentence"],
    8: ["test_trainer::test_a_second_trainer_is_refused_and_a_killed_one_leaves_a_run_that_resumes",
        "test_record::test_another_process_that_records_is_named"],
    9: ["test_faults::test_two_dashboards_and_a_trainer_work_at_once",
        "test_writers::test_three_writers_and_a_reader_at_once"],
    10: ["test_store::test_a_hostile_id_is_refused_before_the_disk_and_never_echoed",
         "test_store::test_a_linked_run_folder_is_refused"],
    11: ["test_pages::test_names_are_literal_text", "test_report::test_what_comes_from_runs_is_literal_text",
         "test_dashboard_sharing::test_no_cell_and_no_heading_begins_a_formula",
         "test_browser_platform::test_a_note_is_kept_found_and_never_read_as_html"],
    12: ["test_pages::test_a_run_that_is_none_gets_the_default_and_one_notice",
         "test_pages::test_several_bad_words_in_a_link_get_one_notice",
         "test_browser::test_a_bad_link_gets_one_notice_and_a_working_page"],
    13: ["test_hostile_graphs::test_a_graph_that_means_harm_is_one_sentence_and_others_draw",
         "test_sampler_generation::test_a_graph_that_is_not_the_exported_one_is_refused_with_the_command"],
    14: ["test_faults::test_a_gpu_that_is_listed_and_does_not_work_is_told_once",
         "test_faults::test_a_gpu_whose_memory_is_full_is_told_once_and_the_next_request_works",
         "test_faults::test_a_gpu_that_fails_leaves_an_ablation_ablated",
         "test_whole::test_where_cuda_fails_the_cpu_goes_on_and_says_why"],
    15: ["test_dashboard_generation::test_many_requests_at_once_all_end",
         "test_dashboard_generation::test_a_second_request_waits_for_the_step_of_the_first_and_whoever_leaves_frees_the_place"],
    16: ["test_faults::test_two_dashboards_and_a_trainer_work_at_once",
         "test_pages::test_a_run_that_goes_while_it_is_viewed_leads_to_another_and_says_so",
         "test_browser_links::test_a_link_to_a_deleted_run_leads_to_another_and_says_so"],
    17: ["test_faults::test_a_report_of_an_archive_of_200_runs_is_small_and_asks_nobody",
         "test_report::test_damaged_missing_and_too_many_runs_are_one_sentence_and_no_file",
         "test_browser_platform::test_a_report_is_made_saved_and_opened_without_a_network"],
    18: ["test_faults::test_without_a_network_or_a_place_to_write_everything_is_shown",
         "test_store::test_a_heartbeat_older_than_a_minute_is_a_crash_and_one_from_the_future_is_not",
         "test_machines::test_a_user_without_a_name_and_a_home_can_draw_and_browse"],
    19: ["test_faults::test_two_dashboards_and_a_trainer_work_at_once",
         "test_browser::test_the_very_first_request_may_be_a_deep_link"],
}  # fmt: skip


def test_every_row_of_the_table_names_tests_that_there_are() -> None:
    assert sorted(ROWS) == list(range(1, 20))
    for row, tests in ROWS.items():
        for file, _, name in (test.partition("::") for test in tests):
            tree = ast.parse((ROOT / "tests" / f"{file}.py").read_text())
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (row, file, name)


def test_a_trainer_killed_at_any_point_leaves_a_run_that_goes_on(tmp_path: Path, record_property) -> None:  # type: ignore[no-untyped-def]
    """kill -9 after a random while, and within the writing of checkpoints, tables and cards."""
    command = [sys.executable, ROOT / "tests" / "killed_trainer.py", tmp_path, str(SEED), str(KILLS)]
    answer = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    told = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    kills = sum(len(each["killed"]) for each in told)
    record_property("fuzz", ["kills", kills, 0, sum(bool(each["wrong"]) for each in told), 0, 0])
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert len(told) == KILLS <= kills and [each for each in told if each["wrong"]] == [], f"FIRSTLIGHT_SEED={SEED}"


@pytest.fixture(scope="module")
def drawer(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A bundled run, which draws."""
    root = tmp_path_factory.mktemp("drawer")
    return Run(shutil.copytree(BUNDLED / SMALLEST, root / SMALLEST))


class Full:
    """A session on a GPU whose memory is full."""

    def run(self, *_: object) -> list[np.ndarray]:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 1048576")


def pictures(net: session.Denoiser) -> np.ndarray:
    *_, last = generate(net, [0, 1], [0, 0], Settings(steps=2))
    return last.images


def test_a_gpu_that_is_listed_and_does_not_work_is_told_once(
    drawer: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A driver's file is there and the wheel has CUDA, which does not load without a driver: on most machines here."""
    if not obstacle():
        pytest.skip("CUDA works here")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(providers, "GPU_FILES", (__file__,))
    monkeypatch.setattr(providers.ort, "get_available_providers", lambda: [CUDA, CPU])
    heard(caplog, monkeypatch)
    net = session.load(drawer.denoiser)
    assert net.provider == "CPU" and net.reason.startswith("CUDA did not load, though a GPU is here; install")
    assert [entry.levelno for entry in caplog.records if entry.name == "firstlight"] == [logging.WARNING]
    assert (pictures(net) == pictures(session.load(drawer.denoiser, "cpu"))).all()


def heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hear our own log, whatever a library that another test loaded has done to it."""
    monkeypatch.setattr(providers.LOG, "disabled", False)
    monkeypatch.setattr(providers.LOG, "propagate", True)
    caplog.set_level(logging.WARNING, logger=providers.LOG.name)


def test_a_gpu_whose_memory_is_full_is_told_once_and_the_next_request_works(
    drawer: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    net = replace(
        session.load(drawer.denoiser, "cpu"), provider="CUDA", session=Full(), content=drawer.denoiser.read_bytes()
    )
    heard(caplog, monkeypatch)
    monkeypatch.setattr(generation, "denoiser", lambda _: net)
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(drawer.archive))
    page = linked("generate", run=drawer.id, each="1", steps="2")
    for seed in (0, 1):
        page.number_input[1].set_value(seed)
        page.button[0].click().run()
        assert [error.value for error in page.exception] == []
        shown = " ".join(html_of(page))
        assert '<span class="badge">CPU</span>' in shown and "CUDA failed (Failed to allocate memory" in shown
    said = [entry.getMessage() for entry in caplog.records if entry.name == "firstlight"]
    assert len(said) == 1 and said[0].endswith("so the CPU draws.")


def test_a_gpu_that_fails_leaves_an_ablation_ablated(drawer: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU goes on with the graph that lacks the part, not with the run's own."""
    net = session.load(drawer.denoiser, "cpu")
    graph = open_graph(drawer.denoiser.read_bytes())
    lacking = without_skips(graph, tuple(graph.levels))
    own = ablations.opened
    monkeypatch.setattr(ablations, "opened", lambda *_: (Full(), "CUDA", ""))
    cut = ablations._cut(Subject(drawer, {}, net, "", None), graph, ablations.SKIPS, 0.0).denoiser  # type: ignore[arg-type]
    monkeypatch.setattr(ablations, "opened", own)
    x = np.random.default_rng(0).standard_normal((2, *net.shape), np.float32)
    asked = x, np.zeros(2, np.float32), np.zeros(2, np.int64)
    answer, expected = cut(*asked), one_core(lacking, drawer.denoiser)
    assert cut.provider == "CPU"
    named = dict(zip(("x", "logsnr", "label"), asked, strict=True))
    assert np.array_equal(answer, shared(expected, ["denoised"], named)[0])
    assert np.abs(answer - net(*asked)).max() > 0.01


@pytest.mark.skipif(bool(obstacle()), reason=obstacle())
def test_a_real_gpu_whose_memory_is_full_leaves_the_cpu_to_draw(drawer: Run) -> None:
    net = session.load(drawer.denoiser, "cuda")
    small = inference_session(net.content, drawer.denoiser, (CUDA, {"gpu_mem_limit": "1000000"}), CPU)
    full = replace(net, session=small)
    assert np.abs(pictures(full).astype(int) - pictures(net)).max() <= 1
    assert full.provider == "CPU" and "CUDA failed" in full.reason


async def connected(address: str, told: Told, query: str) -> tuple["websockets.ClientConnection", Session]:
    link = await joined(address, max_queue=None)  # a live page goes on: unread, it would hold up `close`
    return link, Session(link, told, query)


async def visited(one: str, two: str, root: Path) -> Told:
    """Two servers asked in turn while a run is trained; who goes away in the middle of a drawing leaves no trace."""
    told = Told()
    first, here = await connected(one, told, "run=live&run_of=x&class=1")
    second, there = await connected(two, told, "run=live")
    for path in ("training", "runs", "trajectory", "recognizability"):  # the first request after boot is a deep link
        await here.page(path)
        await there.page(path)
    write_notes(Run(root / "live"), Notes(("seen",), "by both"), Notes())
    await here.page("runs")
    await there.page("runs")
    for _ in range(2):  # the browser closes while it draws
        link, leaving = await connected(one, told, f"run={SMALLEST}&each=100")
        await leaving.page("generate")
        asking = asyncio.ensure_future(leaving.page("generate", leaving.buttons["Draw"]))
        await asyncio.sleep(0.5)
        assert not asking.done()
        asking.cancel()
        await link.close()
    link, staying = await connected(one, told, f"run={SMALLEST}&each=1&steps=2")
    await staying.page("generate")
    await staying.page("generate", staying.buttons["Draw"])
    for each in (first, second, link):
        await each.close()
    return told


BUSY = """
import sys, time
from trainer import __main__, train
train.WRITE_SECONDS = 1.0  # its files change all the time
once = train.optimize
def slowly(*training):
    time.sleep(0.2)  # and the processor is left to the pages
    return once(*training)
train.optimize = slowly
sys.exit(__main__.main())
"""


def test_two_dashboards_and_a_trainer_work_at_once(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    shutil.copytree(BUNDLED / SMALLEST, tmp_path / SMALLEST)
    words = ["train", "--preset", "tiny", "--id", "live", "--epochs", "50", "--snapshots", "0", "--threads", "1"]
    words += ["--runs", str(tmp_path)]
    with served(tmp_path) as (one, _), served(tmp_path) as (two, _):
        trainer = subprocess.Popen(
            [sys.executable, "-c", BUSY, *words], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            while not Run(tmp_path / "live").metrics.is_file():
                assert trainer.poll() is None
                time.sleep(0.1)
            told = asyncio.run(visited(one, two, tmp_path))
            assert told.errors == [] and len(told.drawn) == 1 and trainer.poll() is None
        finally:
            trainer.terminate()  # politely: it writes a checkpoint
            assert trainer.wait(60) == 130
    states = Archive(tmp_path).ask("runs").set_index("run")["state"].to_dict()
    assert states == {"first": "finished", SMALLEST: "finished", "live": "stopped"}


@pytest.mark.parametrize("shows", [changes.OFFERED, changes.STATES, changes.ROWS])
def test_a_page_is_whole_before_it_is_drawn_again(shows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one that takes longer than two looks apart would never be, while a run is trained."""
    page, asked = changes.Open(tmp_path, shows, 0), list[str]()
    loop = SimpleNamespace(call_soon_threadsafe=lambda _, server, session: asked.append(session))
    server = SimpleNamespace(_get_async_objs=lambda: SimpleNamespace(eventloop=loop))
    session = SimpleNamespace(_state=AppSessionState.APP_IS_RUNNING)
    monkeypatch.setattr(changes, "_active", lambda *_: session)
    monkeypatch.setattr(changes, "_open", {"one": page})
    changes._draw_again(server, "one", page, 1)  # type: ignore[arg-type]
    assert asked == [] and changes._open["one"].drawn == 0
    session._state = AppSessionState.APP_NOT_RUNNING
    changes._draw_again(server, "one", page, 1)  # type: ignore[arg-type]
    assert asked == ["one"] and changes._open["one"].drawn == 1


def test_a_report_of_an_archive_of_200_runs_is_small_and_asks_nobody(tmp_path: Path) -> None:
    """As many of them as a report holds; all have names that are HTML."""
    hostile = '<img src="http://example.org/x.png"><script>alert(1)</script>'
    first = write_run(tmp_path, "run-0", name=hostile)
    for number in range(1, 200):
        other = Run(shutil.copytree(first.folder, tmp_path / f"run-{number}"))
        card = json.loads(other.card.read_text()) | {"id": other.id, "name": f"{hostile} {number}"}
        other.card.write_text(json.dumps(card))
    archive = Archive(tmp_path)
    with archive.one_moment():  # as the command and the page do
        page = report([f"run-{number}" for number in range(MOST_RUNS)], tmp_path, archive.ask)
    assert len(page) < LARGEST and not OUTWARD.findall(page.replace(b"http://example.org/x.png", b""))
    assert b"<script>alert(1)" not in page and b'<img src="http:' not in page


@pytest.fixture
def locked_away(tmp_path: Path) -> Iterator[Path]:
    """A folder whose folders may be made read-only, as they are no more afterwards."""
    yield tmp_path
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def test_without_a_network_or_a_place_to_write_everything_is_shown(locked_away: Path) -> None:
    """A home and runs that may not be written (root goes without its privileges), in a network of its own without a
    way out; some files are from tomorrow, some from 1990, and a heartbeat is decades ahead.
    """
    runs, home, root = locked_away / "runs", locked_away / "home", not os.geteuid()
    home.mkdir()
    first, ahead = write_run(runs, "first"), write_run(runs, "ahead", state="running", heartbeat="2100-01-01T00:00:00")
    for run, moment in ((first, time.time() + 86_400), (ahead, 631_152_000)):
        for path in (*run.folder.iterdir(), run.folder):
            os.utime(path, (moment, moment))
    for folder in (home, runs, first.folder, ahead.folder):
        folder.chmod(0o555)
    alone = ["unshare", "--net"] if root else ["unshare", "--net", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        alone = []
    lesser = "setpriv --bounding-set -all --inh-caps -all" if root and shutil.which("setpriv") else ""
    if root and not lesser:
        pytest.skip("root may write everywhere, and there is no setpriv to take that away")
    script = f'"$0" "$1" --loopback; exec {lesser} "$0" "$@"'
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    environment |= {"HOME": str(home), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    here = [sys.executable, str(ROOT / "tests" / "unprivileged.py"), str(runs)]
    words = [*alone, "sh", "-c", script, *here, "recognizability", "", "training"]
    answer = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=locked_away, timeout=200)
    assert answer.returncode == 0, answer.stderr[-2000:]
    pages, training, *verified = answer.stdout.splitlines()[-4:]
    assert pages == "3 pages, errors: []"
    assert training.startswith("2 error:") and "new: Permission denied; see that it may be written" in training
    assert [line.partition(", with")[0] for line in verified] == ["0 ahead: sound, running", "first: sound, finished"]
    assert ("there is a network" in answer.stdout) <= (not alone)
