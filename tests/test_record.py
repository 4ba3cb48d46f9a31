"""firstlight.record: a training of one's own as a run that any reader takes, whatever happens to its program."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from recorded_fixture import DIGITS, ODD, begun, random

import firstlight
from firstlight.atomic_writes import write_json
from firstlight.command import main
from firstlight.errors import RunError
from firstlight.recording import metric_log as recording_metric_log
from firstlight.recording import recorder as recording_recorder
from firstlight.recording.curves import curves_in
from firstlight.run_folder import Run
from firstlight.run_json import read_card
from firstlight.run_state import state_of
from store.archive import entry
from store.database import Archive

BEGIN = """
import os, signal, sys, time
import firstlight
def begin(**more):
    return firstlight.record("own", dataset="mnist", classes=[*"0123456789"], size=28, **more)
"""


def program(root: Path, code: str, wait: bool = True) -> Any:
    """Somebody's program that may call begin(), in a process of its own whose archive is `root`."""
    told = [sys.executable, "-c", BEGIN + textwrap.dedent(code)]
    environment = os.environ | {"FIRSTLIGHT_RUNS": str(root)}
    if wait:
        return subprocess.run(told, env=environment, capture_output=True, text=True, timeout=60)
    return subprocess.Popen(told, env=environment, stdout=subprocess.PIPE, text=True)


def said(root: Path, run_id: str = "own") -> dict[str, Any]:
    return read_card(Run(root / run_id))


def values(root: Path, run_id: str = "own") -> dict[str, dict[int, float]]:
    """metric -> step -> value, as the one file of an ended run has them; each pair once."""
    table = pq.read_table(root / run_id / "metrics.parquet")
    assert not list((root / run_id).glob("metrics-*"))
    pairs = list(zip(table["metric"].to_pylist(), table["step"].to_pylist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    found: dict[str, dict[int, float]] = {}
    for (metric, step), value in zip(pairs, table["value"].to_pylist(), strict=True):
        found.setdefault(metric, {})[step] = value
    return found


def message(call: Any, *arguments: Any, **named: Any) -> str:
    """The one sentence with which a call is refused."""
    with pytest.raises(RunError) as error:
        call(*arguments, **named)
    text = str(error.value)
    assert "\n" not in text and text[-1] not in " ,"
    return text


def test_what_is_logged_is_there(tmp_path: Path) -> None:
    with begun(tmp_path, "own", config={"lr": 1e-3}, name="My own", tags=["a", "b"]) as run:
        for step in range(50):
            run.log(step, loss=1 / (step + 1), lr=np.float32(0.5))
        run.log(50, {"val/loss": 3, "step": True, "self": 2}, epoch=2)
    assert values(tmp_path)["loss"] == {step: 1 / (step + 1) for step in range(50)}
    assert {name: held[50] for name, held in values(tmp_path).items() if 50 in held} == {
        "val/loss": 3.0, "step": 1.0, "self": 2.0, "epoch": 2.0,
    }  # fmt: skip
    found = entry(tmp_path, "own")
    assert found.state == "finished" and not found.problems and found.card is not None
    card = found.card
    assert (card["name"], card["tags"], card["step"], card["epoch"]) == ("My own", ["a", "b"], 50, 2.0)
    assert json.loads(Archive(tmp_path).ask("runs")["settings"][0]) == {"lr": 1e-3}


def test_a_reader_sees_a_live_run_within_seconds(tmp_path: Path) -> None:
    archive, run = Archive(tmp_path), begun(tmp_path, "own")
    assert archive.ask("runs")["state"].tolist() == ["running"] and archive.ask("losses").empty
    run.log(7, loss=0.25)
    until = time.monotonic() + 20
    while archive.ask("losses", runs=["own"]).empty and time.monotonic() < until:
        time.sleep(0.05)
    assert archive.ask("losses", runs=["own"])["value"].tolist() == [0.25]
    run.finish()
    run.finish()
    assert archive.ask("runs")["state"].tolist() == ["finished"]
    assert "has ended; go on with it by" in message(run.log, 8, loss=0.2)


def test_not_a_number_is_a_value(tmp_path: Path) -> None:
    with begun(tmp_path, "own") as run:
        for step, value in enumerate([1.0, float("nan"), float("inf"), -float("inf"), 0.5]):
            run.log(step, {"loss": value, "other": None})
    held = values(tmp_path)["loss"]
    assert np.array_equal(list(held.values()), [1.0, np.nan, np.inf, -np.inf, 0.5], equal_nan=True)
    assert Archive(tmp_path).ask("runs")["diverged_at"].tolist() == [1]
    assert Archive(tmp_path).ask("losses")["value"].isna().tolist() == [False, True, False]


def test_a_number_beyond_every_float_is_infinite(tmp_path: Path) -> None:
    with begun(tmp_path, "own") as run:
        run.log(1, loss=1 << 70, a=10**400, b=-(10**400))
    assert values(tmp_path) == {"loss": {1: 2.0**70}, "a": {1: np.inf}, "b": {1: -np.inf}}


def test_a_run_with_nothing_new_beats_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_recorder, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(recording_metric_log, "WRITE_SECONDS", 0.05)
    run = begun(tmp_path, "own")
    stale = (datetime.now(UTC) - timedelta(seconds=120)).isoformat()
    with run._writing:
        write_json(run.run.card, said(tmp_path) | {"heartbeat": stale})
    assert state_of(said(tmp_path)) == "crashed"
    until = time.monotonic() + 20
    while said(tmp_path)["heartbeat"] == stale and time.monotonic() < until:
        time.sleep(0.02)
    assert state_of(said(tmp_path)) == "running"
    run.finish()


def test_steps_that_come_twice_or_late_are_one_curve_and_said(tmp_path: Path) -> None:
    with begun(tmp_path, "own") as run:
        for step in (0, 1, 2, 5, 3, 3, 2):
            run.log(step, loss=step + run._log.waiting / 100)
        run.log(5, lr=1.0)
    assert list(values(tmp_path)["loss"]) == [0, 1, 2, 3, 5] and values(tmp_path)["loss"][2] == 2.06
    assert "went backwards, first at step 3 of loss" in Archive(tmp_path).ask("runs")["reason"][0]


def test_a_long_run_lies_in_parts_and_ends_as_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_metric_log, "ROWS", 50)
    monkeypatch.setattr(recording_metric_log, "SMALL", 100)
    run, archive = begun(tmp_path, "own"), Archive(tmp_path)
    for first in range(0, 1000, 20):
        for step in range(first, first + 20):
            run.log(step, {"loss": float(step), "a/b": 1.0, "epoch": first})
        with run._writing:
            run._write()
        if first % 200 == 0:
            assert len(archive.ask("loss_values", runs=["own"])) == first + 20
    assert 4 < len(list(run.run.folder.glob("metrics-*.parquet"))) < 15  # eight small ones become one
    for step in (3, 500, 999):
        run.log(step, loss=-1.0)
    with run._writing:
        run._write()
    frame = archive.ask("loss_values", runs=["own"])
    assert len(frame) == 1000 and frame[frame["value"] < 0]["step"].tolist() == [3, 500, 999]
    run.finish()
    assert [len(held) for held in values(tmp_path).values()] == [1000, 1000, 1000]
    assert not entry(tmp_path, "own").problems
    epochs = pq.read_table(run.run.metrics).filter(pq.read_table(run.run.metrics)["metric"].to_numpy() == "a/b")
    assert epochs["epoch"].to_pylist()[-1] == 980.0


@pytest.mark.parametrize("long", [False, True])
def test_a_killed_program_loses_at_most_five_seconds_and_can_go_on(tmp_path: Path, long: bool) -> None:
    process = program(
        tmp_path,
        f"""
        run = begin()
        began = step = 0
        while True:
            run.log(step, {{"loss": float(step), "b": 1.0, "c": 2.0}})
            step += 1
            if step % {20_000 if long else 10} == 0:
                print(step, time.time(), flush=True)
                time.sleep(0.1)
        """,
        wait=False,
    )
    first = process.stdout.readline()
    time.sleep(6)
    process.send_signal(signal.SIGKILL)
    lines = [line.split() for line in [first, *process.communicate()[0].splitlines()] if line.count(" ")]
    safe = max(int(step) for step, at in lines if float(at) < time.time() - 5)
    assert state_of(said(tmp_path)) == "running" and state_of(said(tmp_path), soon()) == "crashed"
    assert bool(list((tmp_path / "own").glob("metrics-*"))) == long
    frame = Archive(tmp_path).ask("loss_values", runs=["own"])
    assert frame["step"].tolist() == list(range(len(frame))) and len(frame) >= safe > 0
    assert "there already (crashed); go on with it by resume=True" in message(begun, tmp_path, "own")
    with begun(tmp_path, "own", resume=True) as run:
        run.log(1 << 40, loss=-1.0)
    assert [*values(tmp_path)["loss"]] == [*range(len(frame)), 1 << 40]
    assert entry(tmp_path, "own").state == "finished"


def test_a_program_killed_between_two_files_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The states of a folder between two renames: a wider part beside what it was made of; parts and no live file."""
    with begun(tmp_path, "own") as run:
        for step in range(30):
            run.log(step, loss=float(step))
    whole = run.run.metrics.read_bytes()
    (run.run.folder / "metrics-000001-000002.parquet").write_bytes(whole)
    for name in ("metrics-000001.parquet", "metrics-000002.parquet"):
        (run.run.folder / name).write_bytes(whole)
    run.run.metrics.unlink()
    write_json(run.run.card, said(tmp_path) | {"state": "running"})
    assert len(Archive(tmp_path).ask("loss_values")) == 30
    with begun(tmp_path, "own", resume=True) as run:
        run.log(30, loss=30.0)
    assert [*values(tmp_path)["loss"]] == [*range(31)]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("ending", "state", "words"),
    [
        ("", "finished", ""),
        ("raise ValueError('no  such\\nthing')", "crashed", "ValueError: no such thing."),
        ("raise KeyboardInterrupt", "stopped", "Stopped by hand."),
        ("sys.exit(0)", "finished", ""),
    ],
)
@pytest.mark.parametrize("inside", ["with begin() as run:", "if run := begin():"])
def test_how_a_program_ends_is_how_its_run_ends(
    tmp_path: Path, ending: str, state: str, words: str, inside: str
) -> None:
    program(tmp_path, f"{inside}\n    run.log(1, loss=0.5)\n    {ending}")
    assert (said(tmp_path)["state"], said(tmp_path)["message"]) == (state, words)
    assert values(tmp_path) == {"loss": {1: 0.5}} and entry(tmp_path, "own").state == state


def test_an_exception_crashes_a_run_at_once(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), begun(tmp_path, "own") as run:
        run.log(1, loss=1 / 0)
    assert Archive(tmp_path).ask("runs")[["state", "reason"]].values.tolist() == [
        ["crashed", "ZeroDivisionError: division by zero."]
    ]


def test_a_cell_that_runs_again_ends_its_run_and_begins_another(tmp_path: Path) -> None:
    for _ in range(3):
        run = begun(tmp_path, "own")
        run.log(1, loss=0.5)
    run.finish()
    assert [(name, said(tmp_path, name)["state"]) for name in ("own", "own-2", "own-3")] == [
        ("own", "stopped"), ("own-2", "stopped"), ("own-3", "finished"),
    ]  # fmt: skip
    assert said(tmp_path)["message"] == "Begun again as own-2." and values(tmp_path) == {"loss": {1: 0.5}}
    assert "there already (stopped)" in message(begun, tmp_path, "own")


def test_a_run_is_gone_on_with(tmp_path: Path) -> None:
    first = begun(tmp_path, "own", config={"lr": 1, "seed": 1}, tags=["kept"], resume=True)
    first.log(1, loss=1.0, other=1.0)
    first.snapshot(1, random((2, 28, 28)), [3, 4], [0, 0], range=(0, 1))
    second = begun(tmp_path, "own", config={"lr": 2}, resume=True)  # the same cell again
    second.log(2, loss=2.0)
    second.log(1, loss=-1.0)
    second.snapshot(2, random((1, 28, 28)), [3], [0], range=(0, 1))
    second.finish()
    assert values(tmp_path) == {"loss": {1: -1.0, 2: 2.0}, "other": {1: 1.0}}
    assert pq.read_table(second.run.snapshots)["step"].to_pylist() == [1, 1, 2]
    assert said(tmp_path)["settings"] == {"lr": 2, "seed": 1} and said(tmp_path)["tags"] == ["kept"]
    assert "not 4" in message(begun, tmp_path, "own", size=4, resume=True)
    assert "has the classes" in message(begun, tmp_path, "own", classes=["0"], resume=True)


def test_another_process_that_records_is_named(tmp_path: Path) -> None:
    process = program(tmp_path, "begin()\nprint('begun', flush=True)\ntime.sleep(60)", wait=False)
    assert process.stdout.readline() == "begun\n"
    for resume in (False, True):
        assert f"is being written by process {process.pid} on {platform.node()};" in message(
            begun, tmp_path, "own", resume=resume
        )
    process.kill()
    process.communicate()
    begun(tmp_path, "own", resume=True).finish()


def test_a_forked_process_records_nothing_and_holds_no_lock(tmp_path: Path) -> None:
    answer = program(
        tmp_path,
        """
        run = begin()
        run.log(1, loss=1.0)
        if not (child := os.fork()):
            try:
                run.log(2, loss=2.0)
            except Exception as error:
                print(error, flush=True)
            sys.exit()
        os.waitpid(child, 0)
        run.log(3, loss=3.0)
        """,
    )
    assert "is recorded by another process" in answer.stdout
    assert values(tmp_path) == {"loss": {1: 1.0, 3: 3.0}} and said(tmp_path)["state"] == "finished"


def test_any_config_breaks_no_reader(tmp_path: Path) -> None:
    begun(tmp_path, "odd", config=ODD).finish()
    begun(tmp_path, "text", config="lr=1").finish()
    begun(tmp_path, "huge", config={str(key): "x" * 3000 for key in range(900)}).finish()
    settings = said(tmp_path, "odd")["settings"]
    assert settings["nan"] == "nan" and settings["beyond"] == str(1 << 70) and settings["number"] == 0.5
    assert (
        settings["args"] == {"batch": 128, "lr": 1e-3} and settings["path"] == "somewhere" and settings["5"] == "five"
    )
    assert said(tmp_path, "odd")["config"] == {} and said(tmp_path, "text")["settings"] == {"config": "lr=1"}
    assert "..." in said(tmp_path, "huge")["settings"]
    archive = Archive(tmp_path)
    assert archive.ask("runs")["state"].tolist() == ["finished"] * 3
    assert archive.ask("runs")["sampling_steps"].isna().all() and len(archive.ask("settings", run="odd")) > 20


@pytest.mark.parametrize(
    "name", ["a/b/c", "<script>", "![x](http://e.org/x.png)", "=cmd", "\0", "\ud800", "'; drop table x; --", "ä" * 500]
)
def test_any_name_is_a_metric(tmp_path: Path, name: str) -> None:
    with begun(tmp_path, "own") as run:
        run.log(1, {name: 2.0})
    kept = name.encode("utf-8", "backslashreplace").decode()
    assert Archive(tmp_path).ask("metric_names")["metric"].tolist() == [kept] and values(tmp_path) == {kept: {1: 2.0}}


def test_pictures_of_every_kind_are_the_same_bytes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), np.uint8)
    chw = pixels.transpose(0, 3, 1, 2)
    kinds: list[tuple[Any, Any]] = [
        (pixels, None), (chw, None), (pixels[..., 0], None), (chw / 255, (0, 1)), (chw / 127.5 - 1, (-1, 1)),
        (torch.from_numpy(chw.copy()), None), (torch.from_numpy(chw / 255).float().requires_grad_(), (0, 1)),
        (chw.astype(np.float32), (0, 255)),
    ]  # fmt: skip
    with begun(tmp_path, "own") as run:
        for step, (pictures, given) in enumerate(kinds):
            run.snapshot(step, pictures, torch.tensor([1, 2, 3]), np.array([7, 7, 7]), range=given)
        run.log(np.int64(9), loss=torch.tensor([0.5], requires_grad=True), other=np.array([[1.5]]))
    frame = Archive(tmp_path).ask("snapshots")
    assert {bytes(image) for image in frame["image"]} == {each.tobytes() for each in pixels}
    assert frame["label"].tolist() == [1, 2, 3] * len(kinds) and set(frame["seed"]) == {7}
    assert values(tmp_path) == {"loss": {9: 0.5}, "other": {9: 1.5}}


def test_pictures_that_are_no_numbers_are_left_out_and_said(tmp_path: Path) -> None:
    pictures = random((2, 28, 28))
    pictures[1, 3, 3] = np.nan
    with begun(tmp_path, "own") as run:
        run.snapshot(5, pictures, [0, 1], [0, 0], range=(0, 1))
    frame = Archive(tmp_path).ask("snapshots")
    assert frame["label"].tolist() == [0] and "Pictures at step 5 were not numbers" in said(tmp_path)["message"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda run: run.snapshot(1, random((2, 28, 28)), [0, 1]), "say range=(0, 1) or range=(-1, 1)"),
        (lambda run: run.snapshot(1, random((2, 28, 28)) * 9, [0, 1], range=(0, 1)), "outside the range (0, 1) said"),
        (lambda run: run.snapshot(1, random((2, 28, 28)), [0, 1], range=(1, 0)), "holds no picture"),
        (lambda run: run.snapshot(1, random((2, 27, 28)), [0, 1], range=(0, 1)), "are not (N, C, 28, 28)"),
        (lambda run: run.snapshot(1, random((2, 2, 28, 28)), [0, 1], range=(0, 1)), "are not (N, C, 28, 28)"),
        (lambda run: run.snapshot(1, random((2, 28, 28)), [0, 10], range=(0, 1)), "Label 10 is none of 10 classes"),
        (lambda run: run.snapshot(1, random((2, 28, 28)), [0], range=(0, 1)), "1 labels for 2 pictures"),
        (lambda run: run.snapshot(1, random((2, 28, 28)), range=(0, 1)), "say the label of each picture"),
        (lambda run: run.snapshot(1, random((2, 28, 28)), [0, 1], [0.5, 1], range=(0, 1)), "seeds is a whole number"),
        (lambda run: run.log(-1, loss=1), "from 0 on"),
        (lambda run: run.log(1 << 63, loss=1), "from 0 on"),
        (lambda run: run.log(1.5, loss=1), "from 0 on"),
        (lambda run: run.log("one", loss=1), "from 0 on"),
        (lambda run: run.log(1, loss="0.5"), "is not one number"),
        (lambda run: run.log(1, loss=[1.0]), "is not one number"),
        (lambda run: run.log(1, loss=np.ones(2)), "is not one number"),
        (lambda run: run.log(1, loss=1j), "is not one number"),
        (lambda run: run.log(1, {"": 1.0}), "1 to 500 characters"),
        (lambda run: run.log(1, {"x" * 501: 1.0}), "1 to 500 characters"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, call: Any, words: str) -> None:
    with begun(tmp_path, "own") as run:
        assert words in message(call, run)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": 0}, "no height and width"), ({"size": (28, 28)}, "no height and width"), ({"dataset": ""}, "no name"),
        ({"classes": "0123"}, "give a list of names"), ({"channels": 2}, "1 for grey"), ({"id": "../x"}, "run's id"),
        ({"runs": "/dev/null"}, "name another folder"),
    ],
)  # fmt: skip
def test_a_run_that_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    told = {"id": "own", "dataset": "mnist", "classes": DIGITS, "size": 28, "runs": tmp_path} | changes
    assert words in message(lambda: firstlight.record(**told))
    assert not list(tmp_path.iterdir())


def test_a_run_of_the_trainer_is_not_recorded_over(tmp_path: Path) -> None:
    from archive_fixture import write_run

    write_run(tmp_path, "own")
    assert "there already (finished)" in message(begun, tmp_path, "own")
    assert "go on with it by: firstlight resume own" in message(begun, tmp_path, "own", resume=True)


def test_importing_firstlight_costs_nothing() -> None:
    code = "import sys, firstlight; sys.exit(bool({'numpy', 'pyarrow', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    code = "import sys, firstlight; firstlight.record; sys.exit(bool({'torch', 'duckdb', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_full_disk_loses_nothing_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(tmp_path, "own")
    real = recording_metric_log.write
    monkeypatch.setattr(
        recording_metric_log, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    run.log(1, loss=1.0)
    assert "could not be written (No space left on device)" in message(run.finish)
    monkeypatch.setattr(recording_metric_log, "write", real)
    run.log(2, loss=2.0)
    run.finish()
    assert values(tmp_path) == {"loss": {1: 1.0, 2: 2.0}}


def test_a_call_costs_microseconds(tmp_path: Path) -> None:
    """20,000 calls of ten metrics take less than a second of the processor, the writing thread's share included."""
    run, metrics = begun(tmp_path, "own"), {f"metric/{number}": number / 7 for number in range(10)}
    began, calls = time.process_time(), 40_000
    for step in range(calls):
        run.log(step, metrics)
    run.finish()
    spent = time.process_time() - began
    assert calls / spent >= 20_000 and len(curves_in(run.run.metrics)["metric/9"].steps) == calls


def test_two_threads_log_into_one_run(tmp_path: Path) -> None:
    import threading

    with begun(tmp_path, "own") as run:
        threads = [
            threading.Thread(target=lambda name: [run.log(step, {name: step}) for step in range(5000)], args=(name,))
            for name in ("a", "b")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {name: len(held) for name, held in values(tmp_path).items()} == {"a": 5000, "b": 5000}


def test_the_examples_of_the_docs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    text = (Path(__file__).parent.parent / "docs" / "your-own-model.md").read_text()
    _, tutorial, rest = text.split("\n## ", 2)
    held: dict[str, Any] = {}
    recorded, _ = whole = examples_in(tutorial)
    for example in whole:
        exec(example.replace("STEPS = 3000", "STEPS = 2"), held)
    assert lines_of_recording(recorded) <= 4
    for command in re.findall("^firstlight (.*?) *(?:#.*)?$", tutorial, re.MULTILINE):
        few = ["--per-class", "1"] if command.startswith("trace") else []
        out = command.replace(" first-flow.html", f" {tmp_path / 'first-flow.html'}").split()
        assert command == "dashboard" or main([*out, *few]) == 0
    for example in (others := examples_in(rest)):
        exec(example, held)
    assert [each.state for each in Archive(tmp_path).entries()] == ["finished"] * 3
    assert len(values(tmp_path, "my-unet")["loss"]) == 200 and len(Archive(tmp_path).ask("trajectory_choices")) == 20
    assert (
        lines_of_recording(others[0]) <= 5
    )  # the import among them, and `finish`, which a program that ends may leave out


def examples_in(text: str) -> list[str]:
    """The Python in some documentation."""
    return [part.split("```")[0] for part in text.split("```python\n")[1:]]


def lines_of_recording(example: str) -> int:
    """Its lines that recording takes."""
    return len([line for line in example.splitlines() if "firstlight" in line or "run." in line])


def test_the_benchmark_counts_every_value(tmp_path: Path) -> None:
    from benchmarks.log import raced

    before = json_seconds()
    report = raced(tmp_path, 1.0, 5_000)
    assert report["all values there"] and not report["reader saw damage"]
    call, word = 1 / report["calls/s of CPU time"], (before + json_seconds()) / 2  # on the same processor, as it is now
    assert call <= 30 * word, f"a call costs as much as {call / word:.0f} dictionaries in JSON"


def json_seconds() -> float:
    """CPU time of writing what a call logs as JSON, the median of five tries."""
    took = []
    for _ in range(5):
        began = time.process_time()
        for step in range(2000):
            json.dumps({"step": step, "loss": 0.5})
        took.append((time.process_time() - began) / 2000)
    return float(np.median(took))
