"""A command that is told to somebody works in a shell as it stands: it finds the runs, with `--runs` where it must."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_fixture import linked
from archive_fixture import write_run

from dashboard import __main__ as server
from dashboard.access.exposure import exposure
from firstlight.archives import NAMED
from firstlight.command import main
from firstlight.command_text import USUAL, placed, plain, typed
from firstlight.installation import HOME
from firstlight.remote import registry
from firstlight.remote.mirror import Mirror
from firstlight.run_folder import Run
from store.database import Archive

ROOMS = ("firstlight", "store", "sampler", "trainer", "evaluator", "exporter", "jobs", "dashboard", "pages")
TOLD = re.compile(
    r"firstlight (?:(?:evaluate|store|jobs|sweep) )?[a-z][a-z-]*\b(?! --help)(?:(?!firstlight|, then|`|; |\. ).)*"
)
GIVEN = {"typed", "flag", "flags", "runs", "where", "given"}  # what knows the archive, and what was given by it
FILLED = ("evaluator/claims/statements.py", "evaluator/judges/cards.py", "trainer/launcher.py")  # {run}: as it is typed
ELSEWHERE = {  # told of no archive, or of the reader's own
    "firstlight store pack", "firstlight store pack RUN", "firstlight store pack wrote", "firstlight resume",
    "firstlight train --processes N", "firstlight report RUN --out FILE",
    "firstlight export RUN", "firstlight store list",
    "firstlight evaluate clip RUN", "firstlight resume {run.folder.name}",  # the last: as it is kept with a run
    "firstlight evaluate",
}  # fmt: skip
BEGUN = {  # ended, with the archive, where it is told
    "firstlight dashboard", "firstlight report", "firstlight evaluate guidance", "firstlight evaluate examine-judge",
    "firstlight evaluate fit-clip", "firstlight evaluate fit-judge", "firstlight evaluate spectrum",
    "firstlight store push", "firstlight store verify",
}  # fmt: skip
ESCAPED = re.compile(r"\\(.)")  # as Markdown has it
SHORT = ["--per-class", "2", "--epochs", "0.1", "--snapshots", "0", "--threads", "1"]
HINT = re.compile(r"(?:Next|with|by): (firstlight .*)")


def texts(path: Path) -> Iterator[str]:
    """Every text of a module that is no docstring and no help of a flag, names of what is put into it in braces."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            silent |= {id(word.value) for word in node.keywords if word.arg in ("help", "prog", "description")}
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value
        elif isinstance(node, ast.JoinedStr) and id(node) not in silent:
            yield "".join(
                f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else str(part.value)
                for part in node.values if isinstance(part, ast.FormattedValue | ast.Constant)
            )  # fmt: skip


def test_every_command_that_is_told_knows_its_archive() -> None:
    found = {(str(path.relative_to(HOME)), each.strip()) for room in ROOMS for path in (HOME / room).rglob("*.py")
             for text in texts(path) for each in TOLD.findall(text)}  # fmt: skip
    assert len(found) > 80
    for path, told in sorted(found):
        known = set(re.findall(r"\w+", " ".join(re.findall(r"\{(.*?)\}", told))))
        assert known & GIVEN or told in ELSEWHERE | BEGUN or (path in FILLED and "run" in known), f"{path}: {told}"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive whose name a shell has to be told in quotes, and which no command reads by itself."""
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.delenv(USUAL, raising=False)
    return tmp_path / "my lab"


def test_from_a_training_on_each_command_is_the_one_that_the_last_one_told(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words, done = ["train", "--preset", "tiny", "--id", "mine", *SHORT, "--runs", str(lab)], []
    while words[0] != "evaluate":
        done.append(words[0])
        more = ["--per-class", "1"] if words[0] == "trace" else []
        assert main([*words, *more]) == 0
        told = HINT.search(capsys.readouterr().out)
        assert told and told[1].endswith(f" mine --runs '{lab}'")
        words = shlex.split(told[1])[1:]
    assert done == ["train", "trace"] and words[:2] == ["evaluate", "all"]
    monkeypatch.setenv(NAMED, str(lab))
    assert main(["trace", "mine", "--per-class", "1", "--runs", str(lab)]) == 0
    assert "--runs" not in capsys.readouterr().out  # the next one reads it by itself


REFUSED = [  # what is asked, which ends with the command that helps
    ["trace", "nobody"], ["export", "nobody"], ["resume", "mine"], ["sample", "mine", "--out", "there.png"],
    ["evaluate", "quality", "mine"], ["evaluate", "recognizability", "mine"], ["distill", "nobody"],
    ["store", "trash", "nobody"], ["store", "restore", "nobody"], ["store", "verify", "nobody"],
    ["store", "pack", "nobody"], ["store", "trash", "mine"],
    ["jobs", "list", "nobody"],
    ["evaluate", "fit-judge", "--dataset", "mnist"], ["sweep", "status", "nobody"],
    ["report", "nobody", "--out", "there.html"],
]  # fmt: skip


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_a_command_that_cannot_go_on_says_what_to_do_in_the_same_archive(
    words: list[str], lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(lab, "mine", tables=("metrics",))
    main([*words, "--runs", str(lab)])
    said = "".join(capsys.readouterr())
    told = HINT.findall(said)
    assert told and all(f"--runs '{lab}'" in each for each in told), said


def test_an_archive_elsewhere_is_named_by_its_address(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.known, lab, Mirror("s3://lab/runs", lab))
    assert typed(Run(lab / "mine")) == "mine --runs s3://lab/runs"
    monkeypatch.setenv(NAMED, "s3://lab/runs/")
    assert typed(Run(lab / "mine")) == "mine"


def test_what_is_kept_with_a_run_names_no_archive_and_what_is_shown_of_it_does(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(lab, "mine", tables=("metrics",))
    told = f"Stopped at step 3; go on with: firstlight resume {typed(run)}"
    kept = "Stopped at step 3; go on with: firstlight resume mine"
    assert plain(told, run) == kept and placed(kept, run) == told
    card = json.loads(run.card.read_text()) | {"state": "stopped", "message": plain(told, run)}
    run.card.write_text(json.dumps(card))
    assert main(["store", "list", "--runs", str(lab)]) == 0
    assert told in capsys.readouterr().out and str(lab) not in run.card.read_text()
    assert Archive(lab).ask("runs", runs=["mine"])["reason"].iloc[0] == told


def test_a_page_tells_what_works_in_the_shell_that_the_dashboard_was_started_from(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(lab, "mine", tables=("metrics",))
    started: list[dict[str, str]] = []

    def serve(command: list[str], environment: dict[str, str]) -> int:
        started.append(environment)
        return 0

    monkeypatch.setattr(server, "_serve", serve)
    monkeypatch.setattr(
        server, "_where", lambda chosen, of_class: exposure("127.0.0.1", 1, [], "", False, lab / "none")
    )
    assert server.main(["--runs", str(lab)]) == 0
    for name in (NAMED, USUAL):
        monkeypatch.setenv(name, started[0][name])
    for path, command in (("recognizability", "evaluate recognizability mine"), ("steps", "evaluate steps mine"),
                          ("report", "report mine --out report.html"), ("start", "train --preset own")):  # fmt: skip
        page = linked(path, run="mine")
        assert [error.value for error in page.exception] == []
        shown = [ESCAPED.sub(r"\1", str(each.value)) for kind in (page.info, page.caption, page.code, page.markdown)
                 for each in kind]  # fmt: skip
        told = [each for text in shown for each in re.findall("firstlight [^`]*", text)]
        assert any(command in each for each in told), shown
        assert all(f"--runs '{lab}'" in each for each in told if not each.startswith("firstlight.")), told
    monkeypatch.setenv(USUAL, str(lab))
    assert all("--runs" not in str(each.value) for each in linked("recognizability", run="mine").info)
