"""Run folders whose graphs mean harm, with the right hashes: each is one sentence, and everybody else draws on."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from gaussian import graph as gaussian
from gaussian import write_gaussian
from hostile_graphs import KINDS, multiplied
from test_rooms import SOURCES

from evaluator.judges import judge as judges
from evaluator.judges.cards import JUDGES
from exporter.__main__ import main as exporter
from firstlight.archives import BUNDLED
from firstlight.errors import GraphError, JudgeError, SamplerError
from firstlight.run_folder import Run
from firstlight.untrusted import guarded_session, limits, trust, usage, workers
from firstlight.untrusted.guarded_session import GuardedSession
from firstlight.untrusted.inspection import inspect
from sampler.generation import Settings, generate
from sampler.session import Denoiser, load

ROOT = Path(__file__).parent.parent
PLACE = trust._place  # before conftest takes it away
UNSEEN = b"\x12\x00"  # behind a graph: the name of who made it, empty
WITHIN = 10.0  # seconds until the sentence
SETTINGS = Settings(steps=2)


def written(root: Path, content: bytes, name: str = "evil") -> Run:
    """A run with this graph and its right hash, which nobody here has made."""
    run = write_gaussian(root, name, content)
    trust._made.discard(hashlib.sha256(content).hexdigest())
    return run


def sent(root: Path, name: str) -> Run:
    """A bundled run as somebody else may have it: the same network in another file."""
    run = written(root, bundled(name).read_bytes() + UNSEEN, name)
    run.card.write_bytes((BUNDLED / name / "run.json").read_bytes())
    return run


def drawn(net: Denoiser, count: int = 3) -> np.ndarray:
    *_, last = generate(net, [each % 3 for each in range(count)], range(count), SETTINGS)
    return last.images


@pytest.fixture(scope="module")
def friend(tmp_path_factory: pytest.TempPathFactory) -> Denoiser:
    """A harmless run from elsewhere, in a process that other tests have left nothing in."""
    workers.stop()
    return load(written(tmp_path_factory.mktemp("runs"), gaussian(scale="elsewhere"), "friend").denoiser, "cpu")


@pytest.fixture(autouse=True)
def _nothing_was_stopped_before() -> None:
    """Several tests use one graph, which would rest."""
    guarded_session._stopped.clear()


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_means_harm_is_one_sentence_and_others_draw(
    tmp_path: Path, friend: Denoiser, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, words = KINDS[kind]
    run = written(tmp_path, make())
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(run.archive))
    if kind.startswith("slow"):
        monkeypatch.setattr(limits, "LEAST_SECONDS", 2.0)  # so that this is quick
    began = time.monotonic()
    with pytest.raises(SamplerError) as refusal:
        drawn(load(run.denoiser, "cpu"))
    assert time.monotonic() - began < WITHIN
    said = str(refusal.value)
    assert words in said and "\n" not in said and len(said) < 600
    assert "evil" in said or "came out as not a number" in said
    assert said.rstrip(".").endswith(("firstlight export evil", "ask for more steps or less guidance"))
    assert drawn(friend).any()


def test_the_kinds_are_as_many_as_was_promised() -> None:
    assert len(KINDS) >= 40


def test_while_one_hangs_others_draw_and_who_tries_again_does_not_wait(
    tmp_path: Path, friend: Denoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others: a run from elsewhere, in the other process, and a bundled one, in this."""
    monkeypatch.setattr(limits, "LEAST_SECONDS", 3.0)
    evil, ours = (
        load(written(tmp_path, multiplied(1500, 1000, False)).denoiser, "cpu"),
        load(bundled("two-digits"), "cpu"),
    )
    said: list[str] = []

    def try_it() -> None:
        with pytest.raises(SamplerError) as refusal:
            drawn(evil)
        said.append(str(refusal.value))

    hanging = threading.Thread(target=try_it)
    hanging.start()
    time.sleep(0.5)
    assert drawn(friend).any() and next(generate(ours, [0], [0], SETTINGS)).images.shape[0] == 1
    assert hanging.is_alive()
    hanging.join()
    began = time.monotonic()
    try_it()
    assert time.monotonic() - began < 0.5 and said[0] == said[1] and "s that its size gives it" in said[0]


def test_a_process_that_ends_is_one_sentence_and_the_next_drawing_works(tmp_path: Path, friend: Denoiser) -> None:
    evil = load(written(tmp_path, multiplied(3000, 1000, False)).denoiser, "cpu")
    threading.Timer(0.5, lambda: [each.process.kill() for each in workers._workers if each.busy]).start()  # type: ignore[union-attr]
    with pytest.raises(SamplerError, match=r"ended the process that ran it .*, status -9\)\. Export it with"):
        drawn(evil)
    assert drawn(friend).any()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer that interrupts")
def test_who_stops_a_drawing_gets_no_answer_of_it_later(tmp_path: Path, friend: Denoiser) -> None:
    evil = load(written(tmp_path, multiplied(3000, 1000, False)).denoiser, "cpu")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            drawn(evil)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert all(not each.busy for each in workers._workers) and drawn(friend).any()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a process's children are read from /proc")
def test_a_process_that_computes_ends_with_the_one_that_asked(tmp_path: Path) -> None:
    run = written(tmp_path, multiplied(3000, 1000, False))
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from sampler.session import load; from firstlight.untrusted import workers\n"
        "net = load(Path(sys.argv[1]), 'cpu'); print(workers._workers[0].process.pid, flush=True)\n"
        "net(np.ones((1, 1, 8, 8), np.float32), np.zeros(1, np.float32), np.zeros(1, np.int64))"
    )
    asking = subprocess.Popen([sys.executable, "-c", code, str(run.denoiser)], stdout=subprocess.PIPE, text=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert asking.stdout is not None
    child = Path("/proc") / asking.stdout.readline().strip()
    time.sleep(0.5)
    assert child.is_dir()
    asking.kill()
    asking.wait()
    deadline = time.monotonic() + 60
    while child.is_dir() and "Z" not in (child / "stat").read_text().rpartition(")")[2].split()[:1]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_system_without_proc_says_the_most_that_there_ever_was(monkeypatch: pytest.MonkeyPatch) -> None:
    now = usage.resident()
    monkeypatch.setattr(usage, "STATM", Path("/nowhere"))
    assert 10e6 < now < 100e9 and usage.resident() >= now / 2
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(sys, "platform", "darwin")
    usage.limit_memory(300_000_000)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_nothing_is_exported_from_a_graph_that_means_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = sent(tmp_path, "mnist-student-2")
    model = onnx.load_model_from_string(run.denoiser.read_bytes())
    model.graph.node[0].op_type = "Evil"
    run.denoiser.write_bytes(content := model.SerializeToString())
    run.export.write_text(json.dumps({"sha256": hashlib.sha256(content).hexdigest()}))
    for more in ([], ["--keep"]):
        assert exporter([run.id, *more, "--runs", str(tmp_path)]) == 2
        assert "holds Evil, which no graph here may" in capsys.readouterr().err


def test_there_are_two_processes_at_most_and_each_is_small(tmp_path: Path, friend: Denoiser) -> None:
    """The largest bundled network, drawing as much at once as a page asks for, with three others after it."""
    net = load(sent(tmp_path, "mnist").denoiser, "cpu")
    assert isinstance(net.session, GuardedSession)
    x = np.zeros((64, 1, 28, 28), np.float32)
    net(x, np.zeros(64, np.float32), np.zeros(64, np.int64))
    assert 1 <= len(workers._workers) <= 2
    assert all(0 < each.resident <= 300e6 for each in workers._workers if each.process)
    assert drawn(friend).any()
    assert limits.memory(len(net.session.content)) == 300e6 and limits.memory(10**8) == 1200e6


def test_a_graph_draws_the_same_in_a_process_of_its_own(tmp_path: Path) -> None:
    near, far = load(bundled("two-digits"), "cpu"), load(sent(tmp_path, "two-digits").denoiser, "cpu")
    x, level, label = np.ones((20, *near.shape), np.float32), np.zeros(20, np.float32), np.arange(20) % 3
    assert isinstance(far.session, GuardedSession) and not isinstance(near.session, GuardedSession)
    assert np.abs(near(x, level, label) - far(x, level, label)).max() < 1e-5, "rounding in batches of another size"


def test_what_is_shipped_is_known_by_its_hash_and_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is the files of this checkout that git keeps; a run that lies beside them is none of ours."""
    held = {path: path.read_bytes() for path in shipped()}
    folders = {path.parent.relative_to(ROOT).as_posix() for path in held}
    assert set(trust.shipped()) == {hashlib.sha256(content).hexdigest() for content in held.values()}, "make shipped"
    assert frozenset.union(*trust.shipped().values()) == folders
    for content in (content for path, content in held.items() if path.suffix == ".onnx"):
        inspect(content)
        assert trust.ours(content) and not trust.ours(content + UNSEEN)


def test_what_was_made_here_is_remembered_outside_every_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, runs = tmp_path / "home", tmp_path / "runs"
    monkeypatch.setattr(trust, "_place", PLACE)
    monkeypatch.setattr(trust, "_made", set())
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(runs))
    trust.remember(b"a graph")
    trust._made.clear()
    assert trust.ours(b"a graph") and not trust.ours(b"another")
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["graphs.txt"] and not runs.exists()
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(home))
    assert not trust.ours(b"a graph"), "a file in an archive says nothing"


def test_a_judge_from_elsewhere_is_held_to_the_same(tmp_path: Path) -> None:
    content, card = (JUDGES / "mnist-clean.onnx").read_bytes(), json.loads((JUDGES / "mnist-clean.json").read_text())
    path = tmp_path / "mnist-clean.onnx"

    def judge(content: bytes) -> judges.Judge:
        path.write_bytes(content)
        told = card | {"sha256": hashlib.sha256(content).hexdigest()}
        path.with_suffix(".json").write_text(json.dumps(told))
        return judges.load(path)

    x = np.zeros((3, 1, 28, 28), np.float32)
    far, near = judge(content + UNSEEN), judge(content)
    assert isinstance(far.session, GuardedSession) and np.abs(far(x)[0] - near(x)[0]).max() < 1e-4
    model = onnx.load_model_from_string(content)
    model.graph.node[0].op_type = "Evil"
    with pytest.raises(JudgeError, match="The judge mnist-clean holds Evil, which no graph here may; restore"):
        judge(model.SerializeToString())
    model = onnx.load_model_from_string(content)
    model.graph.node[-1].op_type = "Neg"
    del model.graph.node[-1].input[1:], model.graph.node[-1].attribute[:]
    with pytest.raises(JudgeError, match="does not answer with 10 logits and"):
        judge(model.SerializeToString())(x)


def test_no_graph_is_loaded_but_where_it_is_known_whose_it_is() -> None:
    """fit.py loads what it has just made; the two others ask first."""
    loads = {path.relative_to(ROOT).as_posix() for path in SOURCES if "ort.InferenceSession(" in path.read_text()}
    assert loads == {"firstlight/runtime.py", "evaluator/judges/judge.py", "evaluator/judges/fit.py"}


def test_sizes_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sent(tmp_path, "course")
    for value, words in (
        ("1", "has 10.2 MB, and 1 may be; to open it .*, set FIRSTLIGHT_GRAPH_MB"),
        ("much", "no whole"),
    ):
        monkeypatch.setenv("FIRSTLIGHT_GRAPH_MB", value)
        with pytest.raises(SamplerError, match=words):
            load(run.denoiser)
        with pytest.raises(GraphError, match=words):
            guarded_session.look(run.denoiser.read_bytes())
    monkeypatch.setenv("FIRSTLIGHT_GRAPH_SECONDS", "3")
    assert limits.seconds(10**9, 10**6) == limits.seconds(10**6, 0) == 3.0


def bundled(name: str) -> Path:
    return BUNDLED / name / "denoiser.onnx"


def shipped() -> list[Path]:
    """The graphs, tables and cards of this checkout that git keeps."""
    kinds = ["*.onnx", "runs/*/run.json", "runs/*/*.parquet"]
    found = subprocess.run(["git", "ls-files", "-z", *kinds], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in found.decode().split("\0") if name]
