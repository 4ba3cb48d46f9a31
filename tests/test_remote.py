"""An archive in a bucket, before a real S3 server: read, written, shared, and what is said where that cannot be."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fixture import linked
from archive_fixture import write_run
from faulty_bucket import ADDRESS, KEY, SECRET, Proxy, copy_in, empty, server, variables
from jobs_fixture import until
from page_jobs_fixture import button, untraced
from page_jobs_fixture import labels as labels_of

import firstlight
from firstlight.archives import NAMED, archive, existing_run, own_run
from firstlight.command import main
from firstlight.errors import RunError
from firstlight.remote import bucket, eviction, fetch, lease, mirror, registry, sender
from firstlight.remote.address import checked, is_address, labels
from firstlight.remote.bucket import Bucket
from firstlight.run_folder import Run
from firstlight.run_writes import store_card
from jobs.job import jobs_in
from store.archive import entries, entry
from store.blind_test_answers import Sitting, read_answers, write_sitting
from store.database import Archive
from store.exchange import push, transfer
from store.import_run import import_run
from store.notes import Notes, read_notes, write_notes

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with server() as port, Proxy(port) as before:
        yield before


@pytest.fixture(autouse=True)
def _store(proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty bucket, a home without copies, and somebody impatient."""
    for module, name, value in (
        (bucket, "PAUSE", 0.01), (fetch, "PAUSE", 0.01), (mirror, "FRESH", 0.0), (mirror, "WAITED", 0.0),
        (sender, "SECONDS", 0.05),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(lease, "_fit", set())
    proxy.deaf = False
    empty(proxy.behind)
    for name, value in variables(proxy.port, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield
    registry.known.clear()
    registry.lost.clear()


def objects() -> dict[str, bytes]:
    """What is in the bucket, leases left out."""
    held = Bucket(ADDRESS)
    return {name: held.get(name) for name in held.objects() if "/." not in name}


def files(run: Run) -> dict[str, bytes]:
    return {
        f"{run.id}/{path.relative_to(run.folder).as_posix()}": path.read_bytes()
        for path in run.folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize(
    "text, said",
    [
        ("s3://KEY:SECRET@lab/runs", "holds no credentials"), ("s3://lab/runs?key=x", "holds no credentials"),
        ("s3://", "is no address"), ("s3://a", "is no address"), ("s3://lab/../other", "is no address"),
        ("s3://lab//runs", "is no address"), ("file:///tmp/runs", "is no address"),
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_refused(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RunError, match=said):
        checked(text)
    with pytest.raises(SystemExit):
        main(["store", "list", "--runs", text])
    assert said in capsys.readouterr().err


def test_addresses_and_folders_are_told_apart_and_archives_called_by_their_last_words() -> None:
    assert checked("s3://lab/runs/") == "s3://lab/runs" and checked("gs://lab") == "gs://lab"
    assert not is_address("runs") and not is_address("/tmp/s3:/x") and not is_address(r"C:\runs")
    assert labels(["s3://lab/runs", "s3://old/runs", "/home/ada/desk"]) == ["lab-runs", "old-runs", "desk"]


def test_a_run_is_the_same_in_a_bucket_and_in_another_copy_of_it(tmp_path: Path) -> None:
    local = write_run(tmp_path / "here", "first")
    run, said = import_run(archive(ADDRESS), local.folder)
    assert not said and objects() == files(local) == files(run)
    other = copy_in(tmp_path / "there")
    assert [each.state for each in entries(other)] == ["finished"] and files(Run(other / "first")) == files(local)
    for query in ("runs", "quality", "losses", "recognizability"):
        assert Archive(other).ask(query).equals(Archive(tmp_path / "here").ask(query)), query


def test_every_page_reads_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transfer(write_run(tmp_path / "here", "first").folder.parent, archive(ADDRESS), "first")
    monkeypatch.setenv(NAMED, ADDRESS)
    for name in ("runs", "recognizability", "trajectory"):
        page = linked(name, run="first")
        assert not page.exception and page.selectbox[0].value == "first", name


def test_what_a_run_in_a_bucket_lacks_is_started_from_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    with untraced(tmp_path, monkeypatch) as run:
        transfer(run.archive, archive(ADDRESS), "mine")
        monkeypatch.setenv(NAMED, ADDRESS)
        page = linked("trajectory", run="mine")
        button(page, "Do it here").click().run()
        (job,) = jobs_in(archive(ADDRESS))
        assert until(job) == "finished", job.log.read_text()
        assert "mine/trajectories.parquet" in Bucket(ADDRESS).objects()
        page.run()
        assert not page.exception and "Do it here" not in labels_of(page)


def test_a_live_run_appears_elsewhere_within_seconds_and_ends_whole(tmp_path: Path) -> None:
    other = copy_in(tmp_path / "there")
    with firstlight.record("live", dataset="mnist", classes=3, size=8, runs=ADDRESS) as recorder:
        recorder.log(1, loss=0.5)
        began = time.monotonic()
        while not (found := [each for each in entries(other) if each.tables]):
            assert time.monotonic() - began < 20
            time.sleep(0.1)
        assert found[0].state == "running" and found[0].run.id == "live"
        recorder.log(2, loss=0.25)
    assert [each.state for each in entries(other)] == ["finished"]
    assert Archive(other).ask("losses", runs=["live"])["value"].tolist() == [0.5, 0.25]
    assert "live/.lease" not in Bucket(ADDRESS).objects()


@pytest.mark.parametrize("takes", [0.0, 0.3])  # seconds to list a folder, in which a run ends
def test_at_no_moment_of_an_upload_is_a_run_damaged_elsewhere(
    takes: float, tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader looks after each single object that a writer puts: it sees the run as it was, or as it is."""
    listing = sender.listing
    monkeypatch.setattr(sender, "listing", lambda folder: (listing(folder), time.sleep(takes))[0])
    seen: list[tuple[str, str]] = []
    other = copy_in(tmp_path / "there")

    def look(number: int, method: str, path: str) -> bool:
        if method in ("PUT", "DELETE") and threading.current_thread() is not me and not busy.locked():
            with busy:
                seen.extend((each.state, each.reason) for each in entries(other))
        return False

    me, busy = threading.main_thread(), threading.Lock()
    import_run(archive(ADDRESS), write_run(tmp_path / "here", "first").folder)
    run = own_run(archive(ADDRESS), "first")
    with proxy.fault("none", look):
        with firstlight.record("second", dataset="mnist", classes=3, size=8, runs=ADDRESS) as recorder:
            recorder.log(1, loss=0.5)
            time.sleep(0.2)
        store_card(run, entry(run.archive, "first").card | {"name": "another name"})  # type: ignore[operator]
    assert len(seen) > 10 and not [each for each in seen if each[0] == "damaged"]
    assert entry(other, "first").card["name"] == "another name"  # type: ignore[index]


def test_one_writes_a_run_and_whoever_is_silent_for_long_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = firstlight.record("one", dataset="mnist", classes=3, size=8, runs=ADDRESS)
    other = copy_in(tmp_path / "there")
    with pytest.raises(RunError, match=rf"one is being written by process {os.getpid()} on .*, heard of \d+ s ago"):
        firstlight.record("one", dataset="mnist", classes=3, size=8, runs=other, resume=True)
    monkeypatch.setattr(lease.Lease, "due", False)  # the first falls silent
    said = json.loads(Bucket(ADDRESS).get("one/.lease"))
    held = Bucket(ADDRESS).objects()["one/.lease"]
    Bucket(ADDRESS).put("one/.lease", json.dumps(said | {"seconds": -1}).encode(), held.etag)
    second = firstlight.record("one", dataset="mnist", classes=3, size=8, runs=other, resume=True)
    second.log(1, loss=0.75)
    monkeypatch.setattr(lease.Lease, "due", True)
    began = time.monotonic()
    with pytest.raises(RunError, match=r"one is written by another process now, .* this one stops"):
        while time.monotonic() - began < 20:
            first.log(1, loss=0.1)
            time.sleep(0.05)
    with pytest.raises(RunError, match="this one stops"):
        first.finish()
    second.finish()
    registry.lost.clear()
    assert Archive(copy_in(tmp_path / "third")).ask("losses")["value"].tolist() == [0.75]


def test_a_bucket_that_heeds_no_conditions_is_read_and_not_written(tmp_path: Path, proxy: Proxy) -> None:
    import_run(archive(ADDRESS), write_run(tmp_path / "here", "first").folder)
    lease._fit.clear()
    proxy.deaf = True
    with pytest.raises(RunError, match=r"s3://lab/runs heeds no conditional puts .* store pack"):
        firstlight.record("one", dataset="mnist", classes=3, size=8, runs=ADDRESS)
    with pytest.raises(RunError, match="heeds no conditional puts"):
        write_notes(existing_run(archive(ADDRESS), "first"), Notes(("a",)), Notes())
    assert [each.run.id for each in entries(copy_in(tmp_path / "there"))] == ["first"]
    assert not [name for name in Bucket(ADDRESS).objects() if "probe" in name or "one" in name]


def test_notes_and_answers_are_kept_where_nobody_was_faster(tmp_path: Path) -> None:
    import_run(archive(ADDRESS), write_run(tmp_path / "here", "first").folder)
    mine, theirs = (existing_run(root, "first") for root in (archive(ADDRESS), copy_in(tmp_path / "there")))
    write_notes(mine, Notes(("mine",), "a"), Notes())
    with pytest.raises(RunError, match=r"Somebody changed notes\.json of first meanwhile"):
        write_notes(theirs, Notes(("theirs",), "b"), Notes())
    entries(theirs.archive)
    assert read_notes(theirs) == Notes(("mine",), "a")
    write_notes(theirs, Notes(("theirs",), "b"), read_notes(theirs))
    for run, sitting in ((mine, "0" * 32), (theirs, "1" * 32)):
        write_sitting(run, Sitting(sitting, "x", "2026-01-01T00:00:00+00:00"))
    for run in (mine, theirs):
        entries(run.archive)
        assert len(read_answers(run).sittings) == 2 and read_notes(run).tags == ("theirs",)
        assert not entry(run.archive, "first").damaged


def test_checkpoints_are_brought_when_a_command_asks_for_the_run(tmp_path: Path) -> None:
    local = write_run(tmp_path / "here", "first")
    (local.checkpoints).mkdir()
    (local.checkpoints / "ema.safetensors").write_bytes(b"weights" * 1000)
    firstlight.manifest.write_manifest(local)  # type: ignore[attr-defined]
    import_run(archive(ADDRESS), local.folder)
    other = copy_in(tmp_path / "there")
    weights = other / "first" / "checkpoints" / "ema.safetensors"
    assert not entries(other)[0].damaged and weights.stat().st_size == 7000 and not weights.read_bytes().strip(b"\0")
    assert existing_run(other, "first") and weights.read_bytes() == b"weights" * 1000
    registry.known[other].look("first", whole=True)
    assert main(["store", "verify", "--runs", str(other)]) == 0


def test_the_copy_is_bounded_and_says_which_run_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        import_run(archive(ADDRESS), write_run(tmp_path / "here", name).folder)
    size = sum(map(len, files(Run(tmp_path / "here" / "first")).values()))
    registry.known.clear()
    monkeypatch.setenv(eviction.GIGABYTES, str(1.5 * size / 1e9))
    other = copy_in(tmp_path / "cache" / "there")
    states = {each.run.id: (each.state, each.reason) for each in entries(other)}
    kept = next(name for name, (state, _) in states.items() if state == "finished")
    left = next(name for name, (state, _) in states.items() if state == "damaged")
    assert "does not fit into" in states[left][1] and eviction.GIGABYTES in states[left][1]
    assert entry(other, left).state == "finished" and not (other / kept).exists()
    monkeypatch.setenv(eviction.GIGABYTES, "much")
    with pytest.raises(RunError, match=f"{eviction.GIGABYTES}=much is no number"):
        eviction.limit()


@pytest.mark.parametrize("kind", ["500", "cut"])
def test_what_could_not_be_sent_is_kept_and_pushed_later(kind: str, tmp_path: Path, proxy: Proxy) -> None:
    """Cut: what is put is there, and nobody hears of it."""
    recorder = firstlight.record("far", dataset="mnist", classes=3, size=8, runs=ADDRESS)
    with proxy.fault(kind, lambda number, method, path: True):
        recorder.log(1, loss=0.5)
        with pytest.raises(RunError, match=r"far is kept here and not sent .* firstlight store push far"):
            recorder.finish()
    Bucket(ADDRESS).remove("far/.lease")  # or a minute passes
    assert entry(archive(ADDRESS), "far").state == "finished"
    assert (
        "here is not in s3://lab/runs; send it with: firstlight store push far"
        in registry.known[archive(ADDRESS)].notice()
    )
    assert main(["store", "push", "far", "--runs", ADDRESS]) == 0
    assert Archive(copy_in(tmp_path / "there")).ask("losses")["value"].tolist() == [0.5]


def test_a_run_is_pushed_and_pulled_between_two_archives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, desk = tmp_path / "here", tmp_path / "desk"
    local = write_run(here, "first")
    write_notes(local, Notes(("kept",), "a note"), Notes())
    write_sitting(local, Sitting("0" * 32, "x", "2026-01-01T00:00:00+00:00", person="Ada"))
    assert main(["store", "push", "first", "--runs", str(here), "--to", ADDRESS]) == 0
    assert "Pushed first to s3://lab/runs/first" in capsys.readouterr().out
    assert main(["store", "push", "first", "--runs", str(here), "--to", ADDRESS]) == 2
    assert "has a run first already; give it another id with: --as NEW" in capsys.readouterr().err
    assert main(["store", "pull", "first", "--runs", str(desk), "--from", ADDRESS, "--as", "second"]) == 0
    assert entry(desk, "second").notes.tags == ("kept",) and not entry(desk, "second").damaged
    assert not any(b"Ada" in content for content in objects().values())
    assert main(["store", "push", "first", "--runs", str(here)]) == 2
    assert "name the archive to push to with: --to s3://BUCKET/PREFIX" in capsys.readouterr().err
    with pytest.raises(RunError, match="Both archives are"):
        transfer(here, here, "first")
    with pytest.raises(RunError, match="no run none"):
        push(archive(ADDRESS), "none")


def test_a_run_that_is_removed_there_is_gone_here_and_a_lost_card_is_said(tmp_path: Path) -> None:
    for name in ("first", "second"):
        import_run(archive(ADDRESS), write_run(tmp_path / "here", name).folder)
    held, other = Bucket(ADDRESS), copy_in(tmp_path / "there")
    assert len(entries(other)) == 2
    for name in held.objects("first"):
        held.remove(name)
    held.remove("second/run.json")
    assert [(each.run.id, each.reason) for each in entries(other)] == [("second", "run.json is missing")]
    assert [each.reason for each in entries(copy_in(tmp_path / "third"))] == ["run.json is missing"]


def test_credentials_and_servers_appear_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Refused, unreachable, or all well: neither pages, nor errors, nor logs, nor files of the copy hold them."""
    transfer(write_run(tmp_path / "here", "first").folder.parent, archive(ADDRESS), "first")
    monkeypatch.setenv(NAMED, ADDRESS)
    said = []
    with caplog.at_level(logging.INFO):
        for endpoint in (os.environ["AWS_ENDPOINT_URL"], "http://127.0.0.1:9"):
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
            page = linked("runs")
            assert not page.exception
            said += [str(page), *(str(each) for each in page.main)]
            for words in (["store", "list"], ["store", "verify"], ["store", "list", "--runs", "s3://other/runs"]):
                main(words)
        with pytest.raises(RunError, match="s3://lab/runs does not answer"):
            firstlight.record("one", dataset="mnist", classes=3, size=8)
    out, err = capfd.readouterr()
    said += [out, err, caplog.text]
    said += [path.read_text(errors="replace") for path in (tmp_path / ".cache").rglob("*") if path.is_file()]
    assert "does not answer" in err
    for secret in (KEY, SECRET, "127.0.0.1", *(os.environ["AWS_ENDPOINT_URL"],)):
        assert not [text for text in said if secret in text], secret


def test_without_credentials_the_sentence_says_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(["store", "list", "--runs", ADDRESS]) == 2
    assert "refuses access; give credentials for it in the environment" in capsys.readouterr().err


def test_another_address_of_fsspec_is_read_and_not_written(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    for name, content in files(write_run(tmp_path / "here", "first")).items():
        store.pipe_file(f"/remote/{name}", content)
    root = archive("memory://remote")
    assert [each.state for each in entries(root)] == ["finished"] and Archive(root).ask("losses").shape[0] == 200
    with pytest.raises(RunError, match="memory://remote is only read here; write to a folder or to s3://"):
        firstlight.record("one", dataset="mnist", classes=3, size=8, runs="memory://remote")
    assert main(["store", "list", "--runs", "nothing://remote"]) == 2


def test_who_names_no_archive_elsewhere_loads_nothing_of_it(tmp_path: Path) -> None:
    write_run(tmp_path, "first")
    code = (
        "import sys; from firstlight.command import main; main(['store', 'verify']); main(['store', 'list'])\n"
        "sys.exit(bool({'s3fs', 'aiobotocore', 'botocore', 'firstlight.remote.mirror'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, env=os.environ | {NAMED: str(tmp_path)}
    )
    assert answer.returncode == 0, answer.stderr
