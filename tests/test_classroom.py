"""A class on one server: its code, what its students may do, whom their answers count for, and what is put away."""

import asyncio
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
from archive_fixture import samples, write_run
from crowd import Person, Told, enter, lesson, waits
from gaussian import lend, write_gaussian
from oidc_provider import provider
from sound_fixture import verify
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from test_access_holes import Window
from test_blind_pages import press, seen_by
from test_network import answer, asked, served
from test_pages import Open, opened, words  # noqa: F401
from test_roles import ADA, EVE, GUESS, PEOPLE, SECRETS
from visitor import Visitor, sign_in, visit

from dashboard.__main__ import main as dashboard
from dashboard.access import class_code
from dashboard.access.acts_by_role import ACTS, ANSWER, DRAW, Role
from dashboard.access.exposure import CLASS as CLASS_ACCESS
from dashboard.access.exposure import SIGN_IN, exposure
from firstlight.errors import RunError
from firstlight.run_folder import Run
from store.blind_test_answers import CLASS, Answer, Sitting, put_away, read_answers, write_sitting

CODE, TEACHER = "Tuesday group 42", "the teacher's own words"
BASE = "/lab"


@pytest.fixture
def held() -> Iterator[None]:
    """A class in this process."""
    class_code.begin({class_code.CODE: CODE, class_code.TEACHER: TEACHER})
    yield
    class_code.begin({})


def test_a_code_is_taken_out_of_the_settings_and_gives_its_role(held: None) -> None:
    settings = {class_code.CODE: CODE, "PATH": "x"}
    class_code.begin(settings)
    assert settings == {"PATH": "x"} and class_code.on()
    class_code.begin({class_code.CODE: CODE, class_code.TEACHER: TEACHER})
    for typed, role in ((CODE, Role.STUDENT), (f" {CODE.upper()} ", Role.STUDENT), (TEACHER, Role.ANALYST)):
        token = class_code.enter(typed, "browser")
        member = class_code.member(token)
        assert member is not None and member.role is role
        assert CODE not in token and member.id not in member.alias
    one, other = (class_code.member(class_code.enter(CODE, "browser")) for _ in range(2))
    assert one and other and one.id != other.id and one.alias != other.alias


def test_a_token_that_somebody_made_up_or_kept_is_nobody_s(held: None, monkeypatch: pytest.MonkeyPatch) -> None:
    token = class_code.enter(CODE, "browser")
    since, own, signed = token.split("-")
    later = f"{int(since, 16) + 9:x}"
    parts = (since, own, ""), (since, own[::-1], signed), (later, own, signed), ("x", own, signed), (since, own, "é")
    for other in ("", "-", "--", token[:-1], *("-".join(each) for each in parts)):
        assert class_code.member(other) is None, other
    late = time.time() + 3600 * class_code.HOURS + 5
    monkeypatch.setattr(class_code, "time", SimpleNamespace(time=lambda: late))
    assert class_code.member(token) is None
    monkeypatch.undo()
    assert class_code.member(token) is not None
    class_code.begin({class_code.CODE: "another code"})
    assert class_code.member(token) is None
    class_code.begin({class_code.TEACHER: TEACHER})  # no class without its code
    assert not class_code.on() and class_code.member(token) is None and not class_code.enter(TEACHER, "browser")


def test_wrong_codes_are_few_for_one_browser_and_for_all(held: None) -> None:
    assert class_code.refused("one") == ""
    for _ in range(class_code.WRONG):
        assert class_code.enter("wrong code", "one") == ""
    assert "Too many wrong codes" in class_code.refused("one") and class_code.enter(CODE, "one") == ""
    assert class_code.refused("other") == "" and class_code.enter(CODE, "other")
    for number in range(class_code.WRONG_IN_ALL - class_code.WRONG):
        assert class_code.enter("wrong code", f"browser {number}") == ""
    assert "wait" in class_code.refused("other") and class_code.enter(CODE, "other") == ""
    assert len(class_code._wrong) == class_code.WRONG_IN_ALL  # what is not looked at is not counted


@pytest.mark.parametrize(
    ("code", "said"), [("short", "8 to 100 characters"), ("x" * 101, "8 to 100 characters"), (TEACHER, "another")]
)
def test_a_code_that_will_not_do_is_one_sentence_that_does_not_repeat_it(
    code: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(class_code.TEACHER, TEACHER)
    assert dashboard(["--class-code", code]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0] and code not in lines[0]


def test_a_class_may_be_on_a_network_and_beside_sign_in_but_not_where_nobody_draws(tmp_path: Path) -> None:
    network = ("0.0.0.0", 8501, ["lab.example.org"], "", False, tmp_path / "secrets.toml")
    where = exposure(*network, classroom=True)
    assert where.access == CLASS_ACCESS and "class's code" in where.who
    assert "--client.showErrorDetails=none" in where.flags()
    assert exposure("127.0.0.1", 8501, [], "", False, tmp_path / "none", classroom=True).access == CLASS_ACCESS
    with pytest.raises(RunError, match="leave the flag or the code away"):
        exposure(*network[:4], True, network[5], classroom=True)
    with pytest.raises(RunError, match="--class-code"):
        exposure(*network)
    from test_network import GOOD

    (tmp_path / "secrets.toml").write_text(GOOD)
    both = exposure("127.0.0.1", 8501, ["lab.example.org"], "light", False, tmp_path / "secrets.toml", classroom=True)
    assert both.access == SIGN_IN and both.classroom and asked("127.0.0.1").classroom is False


def test_a_student_draws_and_answers_and_does_nothing_else() -> None:
    """Every act; what bars the others is asked for at their places (tests/test_roles.py follows them)."""
    assert {act.name for act in ACTS if act.role <= Role.STUDENT} == {DRAW.name, ANSWER.name}
    assert all(act.role > Role.VIEWER for act in ACTS)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    drawer, known = write_run(root, "drawer"), write_gaussian(tmp_path_factory.mktemp("graph"))
    lend(known, drawer)
    return root


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "said"


@pytest.fixture(scope="module")
def address(archive: Path, log: Path) -> Iterator[str]:
    """A server of a class, whose students draw twenty pictures a minute each."""
    settings = {class_code.TEACHER: TEACHER, DRAW.setting: "20"}
    with served(archive, "--class-code", CODE, "--base-path", BASE, base=BASE, settings=settings, said=log) as url:
        yield url


class Listener(Window):
    """A visitor who keeps every word that the server says, and when a part of a page is to be drawn again."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.heard = b""
        self.again: list[tuple[str, float]] = []

    def _take(self, path: str, said: ForwardMsg) -> bool:
        self.heard += said.SerializeToString()
        if said.WhichOneof("type") == "auto_rerun":
            self.again.append((said.auto_rerun.fragment_id, said.auto_rerun.interval))
        return super()._take(path, said)


async def pressed(visitor: Visitor, path: str, button: str, **numbers: float) -> None:
    await visitor.page(path)
    await visitor.page(path, visitor.buttons[button], GUESS if button == "Begin" else numbers)


def files(root: Path) -> dict[str, bytes]:
    """What lies in an archive, but what a class has answered."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*"))
            if path.is_file() and "/answers/class/" not in path.as_posix()}  # fmt: skip


def test_nobody_sees_a_page_before_the_code_is_typed(address: str) -> None:
    async def look() -> None:
        async with visit(address, "run=drawer") as visitor:
            for path in ("generate", "", "runs", "blind-test"):
                await visitor.page(path)
                assert visitor.says("type the code that your teacher gave you") and not visitor.buttons
                assert not visitor.says("drawer") and visitor.says('type="password"')

    asyncio.run(look())


def test_a_student_changes_nothing_but_the_class_s_answers(address: str, archive: Path) -> None:
    """Presses everything that draws or writes, whether it is disabled or not."""
    before = files(archive)

    async def press_all() -> None:
        async with visit(address, "run=drawer&each=2&steps=3", enter(address, CODE)) as student:
            await pressed(student, "generate", "Draw")
            assert "Picture, PNG" in student.buttons and student.says("In the class, student")
            await pressed(student, "trajectory", "Draw continuations")
            assert student.says("At most 20 pictures a minute are anyone's here")
            for path, button, role in (("runs", "Save", "analyst"), ("training", "Do it here", "operator")):
                await student.page(path)
                assert button in student.disabled
                await student.page(path, student.buttons[button])
                assert student.says(f"is for {role}s and you are a student")
            await student.page("blind-test")
            assert not student.says("Name or initials") and "Put the class's answers away" not in student.buttons
            await student.page("blind-test", student.buttons["Begin"], GUESS)
            await student.page("blind-test", student.buttons["0"])
            assert student.told.errors == []

    asyncio.run(press_all())
    assert files(archive) == before
    sittings = read_answers(Run(archive / "drawer"), CLASS).sittings
    assert len(sittings) == 1 and re.fullmatch("student [0-9a-f]{12}", sittings[0].person)
    assert read_answers(Run(archive / "drawer")).sittings == ()


def test_the_teacher_watches_the_class_s_curve_grow_and_keeps_notes(address: str, archive: Path) -> None:
    """The part of the page that is drawn again by itself says more after a student has answered."""

    async def answers(count: int) -> None:
        async with visit(address, "run=drawer", enter(address, CODE)) as student:
            await pressed(student, "blind-test", "Begin")
            for _ in range(count):
                await student.page("blind-test", student.buttons["1"])

    async def counted(teacher: Listener) -> tuple[int, int]:
        found = re.search(r"Students.*?<dd>(\d+).*Answers.*?<dd>(\d+)", " ".join(teacher.said), re.S)
        assert found, teacher.said
        return int(found[1]), int(found[2])

    async def watch() -> None:
        cookies = enter(address, TEACHER)
        async with visit(address, "run=drawer", cookies) as link:
            teacher = Listener(link.socket, "run=drawer")
            await teacher.page("blind-test")
            parts = [part for part, every in teacher.again if every <= 5]
            assert len(parts) == 1 and teacher.says("In the class, analyst") and "Begin" in teacher.buttons
            people, before = await counted(teacher)
            await answers(3)
            teacher.part = parts[0]
            await teacher.page("blind-test")
            assert teacher.parts == {parts[0]}
            assert await counted(teacher) == (people + 1, before + 3)

    asyncio.run(watch())


def test_the_code_stands_in_no_page_address_log_or_list_of_processes(address: str, log: Path) -> None:
    async def look() -> None:
        cookies = enter(address, "no such code", enter(address, CODE))
        async with visit(address, "run=drawer", cookies) as link:
            student = Listener(link.socket, "run=drawer")
            for path in ("", "blind-test", "report"):
                await student.page(path)
            assert student.heard and not any(each.encode() in student.heard for each in (CODE, TEACHER))
        assert not any(CODE in value for value in cookies.values())

    asyncio.run(look())
    said = log.read_text()
    assert f"at {address}" in said and CODE not in said and TEACHER not in said
    if Path("/proc/self/cmdline").is_file():
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.is_file()]
        assert any(b"streamlit" in line for line in lines)
        assert not any(b"streamlit" in line and CODE.encode() in line for line in lines)


def posted(address: str, **headers: str) -> tuple[int, str, list[str]]:
    """What a form with the code is answered: status, where it leads, its cookies."""
    at = urlsplit(address)
    connection = HTTPConnection(at.netloc, timeout=20)
    said = {"Origin": f"http://{at.netloc}"} | {name.title(): value for name, value in headers.items()}
    code = said.pop("Code", CODE)
    connection.request("POST", f"{BASE}/class-code", urlencode({"code": code}), said)
    got = connection.getresponse()
    return got.status, got.headers.get("Location", ""), got.headers.get_all("Set-Cookie") or []


def test_a_code_is_taken_from_the_dashboard_s_own_page_alone_and_leads_back_to_it(address: str) -> None:
    host = urlsplit(address).netloc
    status, where, cookies = posted(address, referer=f"{address}/blind-test?run=drawer")
    assert (status, where) == (303, f"{BASE}/blind-test?run=drawer")
    assert all("HttpOnly; SameSite=Lax" in each and f"Path={BASE};" in each for each in cookies)
    assert not any("Secure" in each for each in cookies)
    assert any("Secure" in each for each in posted(address, origin=f"https://{host}")[2])
    for bad in ("https://evil.example.org/x", f"http://{host}//evil.example.org", f"http://{host}/elsewhere", ""):
        assert posted(address, referer=bad)[1] == f"{BASE}/", bad
    for origin in ("https://evil.example.org", "null", ""):
        assert posted(address, origin=origin)[::2] == (403, [])
    assert posted(address, code="x" * 5000)[0] == 403
    assert answer(address, f"{BASE}/class-code?code=x", ("Host", host)).status == 403
    left = posted(address, code="")[2]
    assert len(left) == 1 and left[0].startswith("firstlight_class=;") and "Max-Age=0" in left[0]


def test_a_wrong_code_is_said_to_be_wrong(address: str) -> None:
    async def look() -> None:
        cookies = enter(address, "another code")
        assert list(cookies) == ["firstlight_try"]
        async with visit(address, "run=drawer", cookies) as visitor:
            await visitor.page("")
            assert visitor.says("That is not the code of this class")

    asyncio.run(look())


def test_a_lesson_of_students_who_draw_and_read_has_no_errors(address: str) -> None:
    """The mode of tests/crowd.py that is timed, for a moment: each student is another, and draws."""
    crowd = [Person(turn, turn == 0, "drawer", 1.0, 0.0, enter(address, CODE)) for turn in range(2)]
    told = asyncio.run(lesson(f"{address.replace('http', 'ws')}/_stcore/stream", crowd, 3.0))
    assert told.errors == [] and told.drawn and {path for _, path, _ in told.pages} > {"generate"}
    assert waits([1.0, 2.0, 4.0]) == {"longest_wait_s": 4.0, "median_wait_s": 2.0, "longest_over_median": 2.0,
                                      "n_drawings": 3}  # fmt: skip
    assert Told().drawn == []


def students(run: Run, count: int) -> None:
    """Sittings of so many students, who name half from 50 % of the steps on."""
    seen_by(run, count)
    for each in read_answers(run).sittings:
        student = Sitting(each.id, each.view, each.started, f"student {each.id[-4:]}", 60.0, each.answers)
        write_sitting(run, student, CLASS)
        (run.answers / f"{each.id}.json").unlink()


def test_a_class_s_curve_is_over_students_and_nothing_is_said_of_four(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    students(run, 4)
    said = words(opened("blind_test"))
    assert "4 students of the class gave 160 answers: when the class names half cannot be said" in said
    students(run, 6)
    said = words(opened("blind_test"))
    assert "The class names half of the pictures, beyond guessing, from" in said
    assert "n = 240 answers of 6 students; mnist-noisy from" in said and "of the class over students" in said
    assert "Nobody has judged pictures of first" in said  # by others than the class
    assert "Nobody has judged pictures of first" in words(opened("recognizability", part="People"))
    assert not any(each.person in said for each in read_answers(run, CLASS).sittings)


def test_what_a_class_answered_is_put_away_and_not_lost(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_run(tmp_path, "first")
    students(run, 5)
    before = {path.name: path.read_bytes() for path in (run.answers / CLASS).iterdir()}
    test = press(opened("blind_test"), "Put the class's answers away")
    kept = next(path for path in run.answers.iterdir() if path.is_dir())
    assert re.fullmatch(r"class-\d{8}T\d{6}Z", kept.name)
    assert f"200 answers lie in first/answers/{kept.name}" in words(test)
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    assert read_answers(run, CLASS).sittings == () and read_answers(run, kept.name).problems == ()
    assert read_answers(run).problems == () and verify(run) == [] and run.knows(f"answers/{kept.name}/{'0' * 32}.json")
    assert put_away(run) is None and len(list(run.answers.iterdir())) == 1


def test_a_sitting_that_was_put_away_ends_and_does_not_come_back(tmp_path: Path) -> None:
    run = write_run(tmp_path, "first")
    sample, label, seed = samples()[0]
    one = Answer(sample, label, seed, 2, 4, 0.0, label, 1.0)
    made = Sitting("ab" * 16, "x", "2026-01-01T00:00:00+00:00", "student 1", None, (one,))
    write_sitting(run, made, CLASS)
    put_away(run)
    with pytest.raises(RunError, match="put the answers of this class away; begin another sitting"):
        write_sitting(run, Sitting(made.id, "x", made.started, made.person, None, (one, one)), CLASS, again=True)
    assert read_answers(run, CLASS).sittings == ()


def test_a_link_with_another_student_s_sitting_opens_nothing(address: str, archive: Path) -> None:
    async def look() -> None:
        run = Run(archive / "drawer")
        async with visit(address, "run=drawer&pictures=20", enter(address, CODE)) as student:
            known = {each.id for each in read_answers(run, CLASS).sittings}
            await pressed(student, "blind-test", "Begin")
            await student.page("blind-test", student.buttons["2"])
        own = next(each for each in read_answers(run, CLASS).sittings if each.id not in known)
        async with visit(address, f"run=drawer&sitting={own.id}-20", enter(address, CODE)) as other:
            await other.page("blind-test")
            assert "Begin" in other.buttons and "2" not in other.buttons

    asyncio.run(look())


def test_beside_sign_in_a_class_comes_in_by_its_code_and_nobody_s_role_is_less(archive: Path, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    with provider(PEOPLE) as people:
        (tmp_path / ".streamlit" / "secrets.toml").write_text(SECRETS % people.url)
        flags = ("--class-code", CODE, "--base-path", BASE)
        with served(archive, *flags, folder=tmp_path, base=BASE) as url:
            people.back = f"{url}/oauth2callback"

            async def look() -> None:
                async with visit(url, "run=drawer") as nobody:
                    await nobody.page("")
                    assert "Sign in" in nobody.buttons and nobody.says('type="password"')
                ada, eve = await sign_in(url, ADA), await sign_in(url, EVE)
                for cookies, role in ((enter(url, CODE), "In the class, student"), (ada, "1, analyst"),
                                      (enter(url, CODE, ada), "1, analyst"), (eve, "2, viewer"),
                                      (enter(url, CODE, eve), "2, student")):  # fmt: skip
                    async with visit(url, "run=drawer", cookies) as visitor:
                        await visitor.page("blind-test")
                        assert visitor.says(role), (role, visitor.said)
                        assert ("Put the class's answers away" in visitor.buttons) == ("analyst" in role)
                        assert ("Begin" in visitor.disabled) == ("viewer" in role)

            asyncio.run(look())
