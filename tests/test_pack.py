"""A run as one file, and back: the bundled runs, a run with judges of its own, and what must not come in."""

import hashlib
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_fixture import write_run
from sound_fixture import verify

from evaluator.clip import judge as clip_judge
from evaluator.judges import cards
from evaluator.judges.judge import judge_for_run
from firstlight import judge_files
from firstlight.archives import FITTED
from firstlight.atomic_writes import write_json
from firstlight.errors import JudgeError, RunError
from firstlight.manifest import write_manifest
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from store.__main__ import main
from store.archive import entries, entry
from store.import_run import PREFIX, import_run
from store.pack import pack

ROOT = Path(__file__).parent.parent
BUNDLED = sorted(folder.name for folder in (ROOT / "runs").iterdir() if (folder / "run.json").is_file())
Contents = dict[str, bytes]


def contents(folder: Path) -> Contents:
    """Every file under a folder, links and pipes by their kind."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISDIR(mode):
            plain = stat.S_ISREG(mode) and not path.name.endswith(".lock")
            found[path.relative_to(folder).as_posix()] = path.read_bytes() if plain else b""
    return found


@pytest.mark.parametrize("run_id", BUNDLED)
def test_a_bundled_run_comes_back_byte_for_byte(run_id: str, tmp_path: Path) -> None:
    path, judges, left = pack(ROOT / "runs", run_id, tmp_path / "sent.zip")
    assert not judges and not left
    run, said = import_run(tmp_path / "runs", path)
    assert run.id == run_id and not said and not verify(run)
    want = {name: data for name, data in contents(ROOT / "runs" / run_id).items() if not name.startswith(".")}
    assert contents(tmp_path / "runs") == {f"{run_id}/{name}": data for name, data in want.items()}
    assert pack(tmp_path / "runs", run_id, tmp_path / "again.zip")[0].read_bytes() == path.read_bytes()


def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "a", "first")
    write_json(run.answers / f"{'0' * 32}.json", {"person": "Ada"})
    (run.folder / "model.pt").write_bytes(b"a pickle")
    write_manifest(run)
    out = tmp_path / "first.zip"
    assert main(["pack", "first", "--out", str(out), "--runs", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Packed first into") and f"{'0' * 32}.json, model.pt" in said
    assert b"Ada" not in out.read_bytes() and b"a pickle" not in out.read_bytes()
    assert main(["pack", "first", "--out", str(out), "--runs", str(tmp_path / "a")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["import", str(out), "--as", "second", "--runs", str(tmp_path / "a")]) == 0
    second = Run(tmp_path / "a" / "second")
    assert not verify(second) and card_of(second)["id"] == "second" and card_of(run)["id"] == "first"
    assert main(["import", str(out), "--runs", str(tmp_path / "a")]) == 2
    assert "has a run first already; give it another id with: --as NEW" in capsys.readouterr().err


def test_a_live_and_a_damaged_run_are_not_packed(tmp_path: Path) -> None:
    write_run(tmp_path, "live", state="running")
    write_run(tmp_path, "bad").quality.write_bytes(b"")
    for run_id, reason in (("live", "is still running"), ("bad", "is damaged"), ("none", "There is no run")):
        with pytest.raises(RunError, match=reason):
            pack(tmp_path, run_id, tmp_path / "x.zip")
    assert not list(tmp_path.glob("*.zip"))


def test_a_folder_that_was_copied_is_taken_in_without_what_is_hidden(tmp_path: Path) -> None:
    run = write_run(tmp_path / "theirs", "first")
    (run.folder / ".lock").write_text("1")
    own, _ = import_run(tmp_path / "runs", run.folder)
    assert own.id == "first" and not verify(own) and not (own.folder / ".lock").exists()


def test_a_zip_made_by_hand_is_taken_in(tmp_path: Path) -> None:
    write_run(tmp_path / "theirs", "first")
    (tmp_path / "theirs" / "first" / ".DS_Store").write_bytes(b"x")
    path = shutil.make_archive(str(tmp_path / "hand"), "zip", tmp_path / "theirs")  # with folders, and deflated
    own, _ = import_run(tmp_path / "runs", Path(path))
    assert not verify(own) and not [each for each in own.folder.iterdir() if each.name.startswith(".")]


def test_the_files_of_judges_are_those_that_the_evaluator_reads() -> None:
    files = judge_files.judge_files("digits5000")
    assert {file for names in files.values() for file in names} == {
        path.relative_to(ROOT).as_posix()
        for folder in (cards.JUDGES, clip_judge.BUNDLED / "mnist")
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".py" and "fashion" not in path.name
    }


def own_judge(runs: Path, name: str, source: str = "mnist-clean") -> Path:
    """A judge in an archive that was made of a bundled one, for a data set of another name."""
    target = runs / FITTED / "evaluator" / "judges" / f"{name}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(cards.JUDGES / f"{source}.onnx", target)
    card = json.loads((cards.JUDGES / f"{source}.json").read_text())
    write_json(target.with_suffix(".json"), card | {"name": name, "dataset": name.rpartition("-")[0]})
    return target


def write_birds(runs: Path) -> Run:
    """A run of pictures that no bundled judge knows by name."""
    classes = [*"0123456789"]
    dataset = {"name": "birds", "classes": classes, "channels": 1, "size": 28}
    return write_run(runs, "birds", dataset=dataset, tables=("metrics", "quality"))


def test_a_judge_of_ones_own_comes_along_and_replaces_none(tmp_path: Path) -> None:
    write_birds(tmp_path / "theirs")
    judge = own_judge(tmp_path / "theirs", "birds-clean")
    path, judges, _ = pack(tmp_path / "theirs", "birds", tmp_path / "birds.zip")
    assert judges == ["birds-clean"]
    run, said = import_run(tmp_path / "mine", path)
    assert said == ["The judge birds-clean came along, and judges every run of these pictures here from now on."]
    assert judge_for_run(run, "clean").folder.is_relative_to(tmp_path / "mine")
    assert import_run(tmp_path / "mine", path, "birds-2")[1] == []
    judge.write_bytes((cards.JUDGES / "fashion-mnist-clean.onnx").read_bytes())
    card = json.loads(judge.with_suffix(".json").read_text())
    write_json(judge.with_suffix(".json"), card | {"sha256": hashlib.sha256(judge.read_bytes()).hexdigest()})
    path, _, _ = pack(tmp_path / "theirs", "birds", tmp_path / "other.zip")
    before = contents(tmp_path / "mine" / FITTED)
    said = import_run(tmp_path / "mine", path, "birds-3")[1]
    assert len(said) == 1 and said[0].startswith("The judge birds-clean that came along is another than yours")
    assert contents(tmp_path / "mine" / FITTED) == before


def test_a_judge_never_takes_the_place_of_a_bundled_one(tmp_path: Path) -> None:
    write_run(tmp_path / "theirs", "first")
    own_judge(tmp_path / "theirs", "mnist-clean")  # the bundled one, examined again
    assert pack(tmp_path / "theirs", "first", tmp_path / "same.zip")[1] == []
    judge = own_judge(tmp_path / "theirs", "mnist-clean", "fashion-mnist-clean")
    assert judge.is_file() and pack(tmp_path / "theirs", "first", tmp_path / "other.zip")[1] == ["mnist-clean"]
    said = import_run(tmp_path / "mine", tmp_path / "other.zip")[1]
    assert "is another than yours" in said[0] and not (tmp_path / "mine" / FITTED).exists()


# What must not come in: how a sound parcel of the run "first" is changed, and what is said of it.

Members = dict[str, bytes]


def plain(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, mode << 16
    return member


def zipped(path: Path, members: list[tuple[zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for member, data in members:
            file.writestr(member, data, method)
    return path


def listed(members: Members) -> Members:
    """The members with a manifest that vouches for all of them as they are."""
    entries = {
        name.removeprefix("first/"): {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
        if not name.endswith(("run.json", "manifest.json"))
    }
    return members | {"first/manifest.json": json.dumps({"schema": 1, "files": entries}).encode()}


def with_card(**changes: Any) -> Callable[[Members], Members]:
    return lambda members: (
        members | {"first/run.json": json.dumps(json.loads(members["first/run.json"]) | changes).encode()}
    )


def with_file(name: str, data: bytes = b"x", *, vouched: bool = False) -> Callable[[Members], Members]:
    return lambda members: (listed if vouched else dict)(members | {name: data})


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {each: data for each, data in members.items() if each != name}


def renamed(run_id: str) -> Callable[[Members], Members]:
    return lambda members: {
        name.replace("first", run_id, 1): data for name, data in with_card(id=run_id)(members).items()
    }


def odd_table(members: Members) -> Members:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"step": [1]}), sink)
    return listed(members | {"first/metrics.parquet": sink.getvalue().to_pybytes()})


def manifest_of(text: str) -> Callable[[Members], Members]:
    return lambda members: members | {"first/manifest.json": text.encode()}


HASH = "0" * 64
OUTSIDE = json.dumps({"schema": 1, "files": {"../../outside": {"size": 1, "sha256": HASH}}})
JUDGE = f"{FITTED}/evaluator/judges/mnist-clean"
MEMBERS: dict[str, tuple[Callable[[Members], Members], str]] = {  # changed before it is packed
    "slip": (with_file("../outside"), "leads out"),
    "slip from inside": (with_file("first/../../outside"), "leads out"),
    "absolute": (with_file("/tmp/outside"), "leads out"),
    "backslash": (with_file("first\\..\\..\\outside"), "leads out"),
    "drive": (with_file("C:outside"), "leads out"),
    "dot": (with_file("first/./quality.parquet"), "leads out"),
    "two slashes": (with_file("first//quality.parquet"), "leads out"),
    "slip into the judges": (with_file(f"{FITTED}/../outside"), "leads out"),
    "unknown file": (with_file("first/model.pt", vouched=True), "'model.pt' is no file of a run"),
    "code": (with_file("first/quality.py", vouched=True), "is no file of a run"),
    "hidden, and vouched for": (with_file("first/.cache/x.npz", vouched=True), "x.npz is missing"),
    "hidden run": (with_file(".second/run.json"), "'.second' is no id of a run"),
    "a folder's name": (with_file("first/checkpoints", vouched=True), "is no file of a run"),
    "device's name": (with_file("first/con.parquet", vouched=True), "is no file of a run"),
    "control characters": (with_file("first/\x1b[2J"), r"'\\x1b\[2J' is no file"),
    "case clash": (with_file("first/RUN.json"), "small and large letters"),
    "alone at the top": (with_file("outside"), "'outside' is no file of a run"),
    "two runs": (with_file("second/run.json"), "it holds 2 runs"),
    "no run": (lambda members: {}, "it holds 0 runs"),
    "judges alone": (lambda members: {f"{JUDGE}.json": b"{}"}, "it holds 0 runs"),
    "dots in the id": (renamed("fi.rst"), "no id of a run"),
    "long id": (renamed("x" * 65), "no id of a run"),
    "large letters in the id": (renamed("First"), "no id of a run"),
    "device as id": (renamed("con"), "con is a device on Windows"),
    "another id on the card": (with_card(id="second"), "its folder is first where its card says second"),
    "slash in the card's id": (with_card(id="../first"), "no id of a run"),
    "no text as id": (with_card(id=["first"]), "no id of a run"),
    "too many files": (lambda members: {f"first/metrics-{n:06d}.parquet": b"" for n in range(1001)}, "1,001 files"),
    "no card": (without("first/run.json"), "run.json is missing"),
    "no manifest": (without("first/manifest.json"), "manifest.json is missing"),
    "manifest that leads out": (manifest_of(OUTSIDE), "manifest.json names a file outside"),
    "manifest that is no JSON": (manifest_of("{"), "manifest.json is not readable JSON"),
    "manifest nested deep": (manifest_of("[" * 100_000), "manifest.json is not readable JSON"),
    "manifest of the future": (manifest_of('{"schema": 2, "files": {}}'), "needs a newer Firstlight"),
    "missing table": (without("first/quality.parquet"), "quality.parquet is missing"),
    "other bytes": (lambda members: members | {"first/quality.parquet": members["first/quality.parquet"][::-1]},
                    "does not match its checksum"),
    "vouched by nobody": (with_file("first/denoiser.onnx"), "'denoiser.onnx' is in no manifest"),
    "no Parquet": (with_file("first/quality.parquet", vouched=True), "is not a whole Parquet file"),
    "other bytes of a crashed run": (lambda members: with_card(state="crashed")(
        members | {"first/quality.parquet": members["first/quality.parquet"][::-1]}), "does not match its checksum"),
    "other card": (lambda members: members | {"first/manifest.json": json.dumps({"schema": 1, "files": {
        **json.loads(members["first/manifest.json"])["files"], "run.json": {"size": 1, "sha256": HASH}}}).encode()},
        "run.json was changed after the run had ended"),
    "other columns": (odd_table, "lacks the column"),
    "card that is no JSON": (with_file("first/run.json", b"{"), "run.json is not readable JSON"),
    "card nested deep": (with_file("first/run.json", b"[" * 100_000), "run.json is not readable JSON"),
    "card of the future": (with_card(schema=2), "needs a newer Firstlight"),
    "still running": (with_card(state="running"), "still running"),
    "large card": (with_file("first/run.json", b" " * (5 << 20)), "more than 4,194,304"),
    "code among the judges": (with_file(f"{FITTED}/evaluator/judges/cards.py"), "no file of a judge of its data set"),
    "judge of other pictures": (with_file(f"{FITTED}/evaluator/judges/birds-clean.onnx"), "of its data set"),
    "judge without a card": (with_file(f"{JUDGE}.onnx"), "is not as its card says"),
    "card without a judge": (with_file(f"{JUDGE}.json", b'{"sha256": "0"}'), "is not as its card says"),
    "another judge": (lambda members: members | {f"{JUDGE}.onnx": b"x", f"{JUDGE}.json": b'{"sha256": "0"}'},
                      "is not as its card says"),
}  # fmt: skip


def member_named(name: str, data: bytes = b"x", mode: int = 0o100644) -> Callable[[Path, Members], None]:
    def change(path: Path, members: Members) -> None:
        zipped(path, [(plain(each), content) for each, content in members.items()] + [(plain(name, mode), data)])

    return change


def patched(change: Callable[[bytearray], None]) -> Callable[[Path, Members], None]:
    def write(path: Path, members: Members) -> None:
        zipped(path, [(plain(name), data) for name, data in members.items()])
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    return write


def central(data: bytearray, number: int = 0) -> int:
    """Where the list of files has the member of this number."""
    at = struct.unpack_from("<I", data, len(data) - 6)[0]
    for _ in range(number):
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    return at


def field(at: int, form: str, value: int, number: int = 0) -> Callable[[bytearray], None]:
    """Another value in the list of files, at this place of a member's entry."""
    return lambda data: struct.pack_into(form, data, central(data, number) + at, value)


def nul(data: bytearray) -> None:
    data[:] = data.replace(b"first/run.json", b"first/run\0json")


def other_name(data: bytearray) -> None:
    at = data.index(b"first/quality")
    data[at : at + 13] = b"first/qualitx"


def flipped(data: bytearray) -> None:
    data[data.index(b"PAR1") + 100] ^= 1


def overlapped(data: bytearray) -> None:
    field(42, "<I", struct.unpack_from("<I", data, central(data, 1) + 42)[0], 2)(data)


def bomb(path: Path, members: Members) -> None:
    zipped(path, [(plain("first/quality.parquet"), bytes(100 << 20))], zipfile.ZIP_DEFLATED)


def modest_bomb(path: Path, members: Members) -> None:
    """It says 100 bytes where 100 MiB come out."""
    bomb(path, members)
    data = bytearray(path.read_bytes())
    field(24, "<I", 100)(data)
    path.write_bytes(data)


def zip64(path: Path, members: Members) -> None:
    """A member whose zip64 field says that it has 2^60 bytes."""
    member = plain("first/quality.parquet")
    zipped(path, [(member, b"x")])
    data = bytearray(path.read_bytes())
    at = central(data)
    name = struct.unpack_from("<H", data, at + 28)[0]
    struct.pack_into("<I", data, at + 24, 0xFFFFFFFF)
    struct.pack_into("<H", data, at + 30, 12)
    data[at + 46 + name : at + 46 + name] = struct.pack("<HHQ", 1, 8, 1 << 60)
    struct.pack_into("<I", data, len(data) - 10, struct.unpack_from("<I", data, len(data) - 10)[0] + 12)
    path.write_bytes(data)


def repeated(path: Path, members: Members) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        member_named("first/run.json")(path, members)


def other_method(path: Path, members: Members) -> None:
    zipped(path, [(plain(name), data) for name, data in members.items()], zipfile.ZIP_BZIP2)


def wordy(path: Path, members: Members) -> None:
    """Every file has a comment as long as a zip can hold."""
    named = [plain(f"first/metrics-{number:06d}.parquet") for number in range(1, 21)]
    for member in named:
        member.comment = bytes(65_535)
    zipped(path, [(member, b"") for member in named])


def sealed(data: bytearray) -> None:
    field(8, "<H", 1)(data)


FILES: dict[str, tuple[Callable[[Path, Members], None], str]] = {  # changed while, or after, it is packed
    "link": (member_named("first/clip.parquet", b"/etc/passwd", 0o120777), "is a link"),
    "pipe": (member_named("first/clip.parquet", b"", 0o010644), "is no plain file"),
    "folder with bytes": (member_named("first/answers/", b"x"), "is a folder with bytes"),
    "twice": (repeated, "in it twice"),
    "NUL in a name": (patched(nul), r"'first/run\\x00json' holds a character"),
    "encrypted": (patched(sealed), "is encrypted"),
    "other compression": (other_method, "compressed in a way that is not read"),
    "other name inside": (patched(other_name), "is damaged"),
    "flipped bit": (patched(flipped), "is damaged"),
    "wrong CRC": (patched(field(16, "<I", 1)), "is damaged"),
    "overlap": (patched(overlapped), "begins inside another file"),
    "larger than the zip": (patched(field(20, "<I", 1 << 30, 6)), "larger than the zip"),
    "larger than the next": (patched(field(20, "<I", 1 << 30, 2)), "inside another file"),
    "long list": (wordy, "its list of files has 1,"),
    "cut short": (lambda path, members: path.write_bytes(packed(path, members)[:-1000]) and None, "is no whole zip"),
    "half": (lambda path, members: path.write_bytes(packed(path, members)[:5000]) and None, "is no whole zip"),
    "list larger than the zip": (patched(lambda data: struct.pack_into("<I", data, len(data) - 10, 1 << 30)),
                                 "is no whole zip"),
    "something before it": (lambda path, members: path.write_bytes(b"#!/bin/sh\n" + packed(path, members)) and None,
                            "after something else"),
    "no zip": (lambda path, members: path.write_text("not a zip") and None, "is no whole zip"),
    "empty": (lambda path, members: path.write_bytes(b"") and None, "is no whole zip"),
    "bomb": (bomb, "more than .* bytes together"),
    "bomb that says little": (modest_bomb, "is damaged"),
    "zip64 that lies": (zip64, "more than .* bytes together|inside another file"),
    "a pipe instead of a file": (lambda path, members: os.mkfifo(path), "neither a file nor a folder"),
    "nothing": (lambda path, members: None, "cannot be read"),
}  # fmt: skip


def packed(path: Path, members: Members) -> bytes:
    return zipped(path, [(plain(name), data) for name, data in members.items()]).read_bytes()


def linked(folder: Path) -> None:
    (folder / "quality.parquet").unlink()
    (folder / "quality.parquet").symlink_to("/etc/passwd")


def linked_folder(folder: Path) -> None:
    (folder / "checkpoints").symlink_to("/etc")


def looped(folder: Path) -> None:
    place = folder
    for _ in range(40):
        place = place / "answers"
    place.mkdir(parents=True)
    (place / "x.json").write_text("{}")


FOLDERS: dict[str, tuple[Callable[[Path], Any], str]] = {  # of a folder
    "folder with a link": (linked, "'quality.parquet' is a link"),
    "folder with a linked folder": (linked_folder, "'checkpoints' is a link"),
    "folder with a pipe": (lambda folder: os.mkfifo(folder / "steps.parquet"), "is no plain file"),
    "folder with code": (lambda folder: (folder / "setup.py").write_text("1"), "'setup.py' is no file of a run"),
    "folder in folders": (looped, "is no file of a run"),
    "folder with many folders": (lambda folder: [(folder / str(n)).mkdir() for n in range(1001)], "more than 1,000"),
    "folder of nothing": (lambda folder: shutil.rmtree(folder) or folder.mkdir(), "it holds 0 runs"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """The files of a sound parcel."""
    root = tmp_path_factory.mktemp("sound")
    write_run(root, "first")
    with zipfile.ZipFile(pack(root, "first", root / "first.zip")[0]) as file:
        return {name: file.read(name) for name in file.namelist()}


def refused(tmp_path: Path, source: Path, reason: str) -> None:
    """One sentence, and not a byte anywhere, in the archive or outside."""
    (tmp_path / "runs").mkdir(exist_ok=True)
    before = contents(tmp_path)
    with pytest.raises(RunError, match=reason) as caught:
        import_run(tmp_path / "runs", source)
    said = str(caught.value)
    assert said.startswith("Not imported, because ") and "; " in said and said.endswith(".")
    assert said.isprintable() and len(said) < 400 and contents(tmp_path) == before
    assert not list((tmp_path / "runs").iterdir())


def test_a_parcel_that_nobody_changed_comes_in(sound: Members, tmp_path: Path) -> None:
    """Else every refusal below would be for nothing."""
    for number, members in enumerate((sound, listed(sound))):
        path = tmp_path / f"{number}.zip"
        packed(path, members)
        assert not verify(import_run(tmp_path / f"runs-{number}", path)[0])


@pytest.mark.parametrize("kind", MEMBERS)
def test_hostile_contents_are_refused(kind: str, sound: Members, tmp_path: Path) -> None:
    change, reason = MEMBERS[kind]
    packed(tmp_path / "sent.zip", change(sound))
    refused(tmp_path, tmp_path / "sent.zip", reason)


@pytest.mark.parametrize("kind", FILES)
def test_hostile_files_are_refused(kind: str, sound: Members, tmp_path: Path) -> None:
    change, reason = FILES[kind]
    change(tmp_path / "sent.zip", sound)
    refused(tmp_path, tmp_path / "sent.zip", reason)


@pytest.mark.parametrize("kind", FOLDERS)
def test_hostile_folders_are_refused(kind: str, tmp_path: Path) -> None:
    change, reason = FOLDERS[kind]
    change(write_run(tmp_path / "theirs", "first").folder)
    refused(tmp_path, tmp_path / "theirs" / "first", reason)


def test_an_id_that_is_taken_stays_whose_it_was(tmp_path: Path) -> None:
    write_run(tmp_path / "theirs", "first", tables=("metrics",))
    path, _, _ = pack(tmp_path / "theirs", "first", tmp_path / "first.zip")
    write_run(tmp_path / "mine", "first")
    (tmp_path / "mine" / "empty").mkdir()
    before = contents(tmp_path)
    for new in (None, "first", "empty", "../first", "x" * 65, "nul", ""):
        with pytest.raises(RunError, match=r"already|A run's id is|device"):
            import_run(tmp_path / "mine", path, new)
    assert contents(tmp_path) == before


def test_a_full_disk_and_a_kill_leave_nothing_that_shows(tmp_path: Path) -> None:
    """The disk is full by a limit on a file's size; the kill comes while the third file is written."""
    run = write_run(tmp_path / "theirs", "first")
    path, _, _ = pack(tmp_path / "theirs", "first", tmp_path / "first.zip")
    runs, limit = tmp_path / "runs", max(each.stat().st_size for each in run.folder.iterdir()) - 1
    shape = (
        "import os, sys, resource, signal; from pathlib import Path; from store import import_run as it\n"
        "runs, path = map(Path, sys.argv[1:3])\n"
    )
    full = shape + (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from store.__main__ import main; sys.exit(main(['import', str(path), '--runs', str(runs)]))"
    )
    answer = subprocess.run([sys.executable, "-c", full, runs, path], capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 2 and "takes it not (File too large); make room there" in answer.stderr
    assert not list(runs.iterdir()) and answer.stderr.count("\n") == 1
    killed = shape + (
        "sync, done = os.fsync, []\n"
        "def counted(handle):\n"
        "    done.append(sync(handle))\n"
        "    len(done) == 3 and os.kill(os.getpid(), int(sys.argv[3]))\n"
        "os.fsync = counted\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in the background
        "it.import_run(runs, path)"
    )
    command = [sys.executable, "-c", killed, runs, path]
    subprocess.run([*command, str(int(signal.SIGINT))], cwd=ROOT, capture_output=True)
    assert not list(runs.iterdir())
    subprocess.run([*command, str(int(signal.SIGKILL))], cwd=ROOT, capture_output=True)
    left = list(runs.glob(f"{PREFIX}*"))
    assert len(left) == 1 and not entries(runs)
    old = time.time() - 3600
    os.utime(left[0], (old, old))
    import_run(runs, path)
    assert [each.name for each in runs.iterdir()] == ["first"] and entry(runs, "first").state == "finished"


def test_another_import_that_is_under_way_is_left_alone(tmp_path: Path) -> None:
    from firstlight.lock import locked

    write_run(tmp_path / "theirs", "first")
    theirs = tmp_path / "runs" / f"{PREFIX}x"
    theirs.mkdir(parents=True)
    with locked(Run(theirs)):
        os.utime(theirs, (time.time() - 3600,) * 2)
        import_run(tmp_path / "runs", tmp_path / "theirs" / "first")
        assert theirs.is_dir()
    import_run(tmp_path / "runs", tmp_path / "theirs" / "first", "second")
    assert not theirs.exists()
    with pytest.raises(JudgeError):
        judge_for_run(write_birds(tmp_path / "runs"), "clean")
