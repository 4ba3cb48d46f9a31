"""Answers of people beside a run: nothing is lost when many judge at once, and nothing of it damages the run."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from archive_fixture import write_run
from sound_fixture import verify

from firstlight.errors import RunError
from firstlight.manifest import write_manifest
from store.blind_test_answers import Answer, Sitting, read_answers, write_sitting

FIRST = Answer(sample=0, label=1, seed=0, step=2, steps=4, logsnr=0.0, said=1, seconds=1.5)


def sitting(number: int, **changes: object) -> Sitting:
    made = Sitting(f"{number:032x}", "x", "2026-01-01T00:00:00+00:00", guess=70.0, answers=(FIRST,))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    assert read_answers(run).sittings == ()
    write_sitting(run, sitting(1, person="Ada", started="2026-01-02T00:00:00+00:00"))
    write_sitting(run, sitting(2, guess=None))
    assert [each.who for each in read_answers(run).sittings] == [f"{2:032x}", "Ada"]
    write_sitting(run, sitting(2, answers=(FIRST, FIRST)))
    assert len(read_answers(run).sittings[0].answers) == 2


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")

    def judge(number: int) -> None:
        for count in range(1, 21):
            write_sitting(run, sitting(number, answers=(FIRST,) * count))

    people = [threading.Thread(target=judge, args=(number,)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    found = read_answers(run)
    assert [len(each.answers) for each in found.sittings] == [20] * 8 and found.problems == ()


def test_answers_do_not_damage_a_run(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    write_sitting(run, sitting(1))
    write_manifest(run)
    write_sitting(run, sitting(1, answers=(FIRST, FIRST)))
    assert verify(run) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"[]", b'{"schema": 99}', json.dumps(sitting(1, view="none").plain()).encode(),
     json.dumps(sitting(1).plain()).replace('"said": 1', '"said": -1').encode(),
     json.dumps(sitting(1).plain()).replace('"seconds": 1.5', '"seconds": NaN').encode(),
     json.dumps(sitting(7).plain()).encode()],
)  # fmt: skip
def test_a_file_that_is_no_sitting_is_named_and_hurts_no_other(tmp_path: Path, content: bytes) -> None:
    run = write_run(tmp_path, "first")
    write_sitting(run, sitting(2))
    (run.answers / f"{1:032x}.json").write_bytes(content)
    found = read_answers(run)
    assert [each.id for each in found.sittings] == [f"{2:032x}"]
    assert len(found.problems) == 1 and f"{1:032x}.json" in found.problems[0]


def test_where_nothing_can_be_written_the_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path, "first")
    run.answers.write_bytes(b"")  # no folder can be made here, whoever runs the test
    with pytest.raises(RunError, match="make its folder writable"):
        write_sitting(run, sitting(1))
    with pytest.raises(RunError, match="no run gone any more"):
        write_sitting(type(run)(tmp_path / "gone"), sitting(1))
    assert not (tmp_path / "gone").exists()
    with pytest.raises(RunError, match="begin the blind test again"):
        write_sitting(run, sitting(1, id="../../x"))
