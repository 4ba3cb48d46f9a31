"""Each block of code in the docs is run, or says why not; each command in one is a command, run or not."""

from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import docs_blocks
import pytest
from docs_blocks import Block, blocks, commands, fault, pages, parse

from jobs.sweep_file import plan_in

ALL = [block for path in pages() for block in blocks(path)]


def test_every_block_is_run_or_says_why_not() -> None:
    assert len(ALL) > 30
    wrong = [f"{block.place}: {said}" for block in ALL if (said := fault(block))]
    assert not wrong, "\n".join(wrong)


def test_every_command_in_a_block_is_one_that_its_parser_takes(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(block.place, words) for block in ALL for words in commands(block)]
    assert len(found) > 50
    for place, words in found:
        try:
            parse(words)
        except ValueError as error:
            raise AssertionError(f"{place}: {' '.join(words)}: {capsys.readouterr().err}{error}") from None


def test_every_sweep_in_a_block_is_one_that_can_be_started(tmp_path: Path) -> None:
    """Those of docs/sweeps.md, each by its own file."""
    files = [block for block in ALL if block.language == "toml" and block.code.startswith("command =")]
    assert len(files) >= 2
    for number, block in enumerate(files):
        (file := tmp_path / f"sweep-{number}.toml").write_text(block.code)
        assert plan_in(file, []).command


def marked(tmp_path: Path, text: str) -> Block:
    """The one block of a page of this text."""
    (page := tmp_path / "page.md").write_text(text)
    (found,) = blocks(page)
    return found


@pytest.mark.parametrize(
    "above",
    [
        "",
        "<!-- not run: slow -->\n",
        "<!-- tested: tests/test_none.py -->\n",
        "<!-- tested: tests/test_docs_blocks.py -->\n",  # a test, but not one that reads this page
        "<!-- run: on Mondays -->\n",
        "<!-- run -->\n\n",  # not the line above
    ],
)
def test_a_block_without_a_right_mark_is_found(tmp_path: Path, above: str) -> None:
    name = "another" if "docs_blocks" in above else "page"
    (page := tmp_path / f"{name}.md").write_text(f"Text\n\n{above}```\nfirstlight store list\n```\n")
    (found,) = blocks(page)
    assert fault(found)


def test_a_block_that_is_marked_is_read_whole(tmp_path: Path) -> None:
    block = marked(tmp_path, "Text\n\n<!-- run -->\n```\n.venv/bin/firstlight trace a \\\n  --every 2   # so\n```\n")
    assert not fault(block) and block.line == 4
    assert list(commands(block)) == [["trace", "a", "--every", "2"]]
    python = marked(tmp_path, "<!-- run -->\n```python\nimport firstlight\n```\n")
    assert fault(python) and not list(commands(python))


@pytest.mark.parametrize("words", [["store", "list", "--rowss", "3"], ["nothing"], ["evaluate", "quality"]])
def test_a_command_that_is_none_is_found(words: list[str]) -> None:
    with pytest.raises(ValueError):
        parse(words)


def test_a_block_that_fails_or_serves_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs_blocks, "PATIENCE", 20)
    (home := tmp_path / "home").mkdir()
    block = marked(tmp_path, "<!-- run -->\n```\necho hello > file\nfalse\ntouch never\n```\n")
    assert docs_blocks.run(block, home)[0] is False
    assert (home / "file").exists() and not (home / "never").exists()
    assert docs_blocks.run(marked(tmp_path, "<!-- run -->\n```\ncat file\n```\n"), home) == (True, "hello\n")
    silent = marked(tmp_path, "<!-- run: serves http://127.0.0.1:9 -->\n```\ntrue\n```\n")
    assert docs_blocks.run(silent, home)[0] is False


def test_what_something_else_serves_is_not_taken_for_the_block_s_own(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        good, said = docs_blocks.run(marked(tmp_path, f"<!-- run: serves {address} -->\n```\nsleep 9\n```\n"), tmp_path)
        server.shutdown()
    assert not good and address in said


def test_what_is_made_smaller_is_a_command_of_the_tutorial_and_stays_one() -> None:
    run = [block for block in ALL if block.note == "run" and block.path.name == "tutorial.md"]
    whole, small = ("".join(block.code for block in some) for some in (run, map(docs_blocks.smaller, run)))
    assert all(words in whole and few in small for words, few in docs_blocks.SMALL.items())
    for block in map(docs_blocks.smaller, run):
        for words in commands(block):
            parse(words)
