"""Who may do what: given by claims or lists, asked for at every place that draws or writes, also behind its button."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acts import acting, graph, sources, unguarded
from archive_fixture import write_run
from gaussian import lend, write_gaussian
from oidc_provider import CLIENT, SECRET, provider
from test_network import served
from visitor import Visitor, sign_in, visit

from dashboard.access import roles
from dashboard.access.acts_by_role import ACTS, Role, limit
from firstlight.errors import RunError

GUARDS = {("dashboard.access.permits", "permit"), ("dashboard.generation", "queued")}  # the second asks the first
HARMLESS = {
    ("dashboard.data.changes", "_look_on"),  # looks as every page does, and keeps what it found in the user's own cache
    ("dashboard.generation", "steering"),  # keeps a CLIP that is asked for by name, and no page asks by name
    ("dashboard.access.compression", "keep"),  # Streamlit's own files, gzipped, in the user's own cache
    ("dashboard.site.build", "site"),  # the command's alone, as all of `dashboard.site`: no page imports it
    ("dashboard.site.build", "_alone"),
    ("dashboard.site.build", "_write"),
    ("dashboard.site.students", "write"),
    ("dashboard.report.npm", "files"),  # of one package whose SHA-512 is known, once, outside every archive
}
ADA, EVE = "Ada", "Eve"
BASE = "/lab"
SECRETS = f"""
[auth]
redirect_uri = "http://127.0.0.1:{{port}}{BASE}/oauth2callback"
cookie_secret = "{"c" * 40}"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
server_metadata_url = "%s/.well-known/openid-configuration"
[roles]
claim = "groups"
analysts = ["lab"]
"""
PEOPLE = {ADA: {"sub": "1", "groups": ["lab"]}, EVE: {"sub": "2", "groups": ["guests"]}}
GUESS = {"Your guess first: half are nameable from … % of the steps on": 40.0}
MAIL = {"sub": "7", "email": "Ada@Lab.example"}


@pytest.mark.parametrize(
    ("claims", "settings", "role"),
    [
        (MAIL, {}, Role.VIEWER),
        (MAIL, {"analysts": ["ada@lab.example"]}, Role.ANALYST),
        (MAIL, {"analysts": ["ada@lab.example"], "operators": ["7"]}, Role.OPERATOR),
        (MAIL | {"email_verified": True}, {"analysts": ["ADA@lab.example"]}, Role.ANALYST),
        (MAIL | {"email_verified": False}, {"analysts": ["ada@lab.example"]}, Role.VIEWER),
        (MAIL | {"email_verified": "false"}, {"analysts": ["ada@lab.example"]}, Role.VIEWER),
        (MAIL | {"email_verified": False}, {"analysts": ["7"]}, Role.ANALYST),
        ({"sub": "ada@lab.example"}, {"operators": ["ada@lab.example"]}, Role.VIEWER),  # a subject is no address
        ({"email": "7"}, {"operators": ["7"]}, Role.VIEWER),  # nor the other way round
        ({"groups": ["lab", "ops"]}, {"claim": "groups", "operators": ["ops"]}, Role.OPERATOR),
        ({"groups": "lab"}, {"claim": "groups", "analysts": ["lab"]}, Role.ANALYST),
        ({"groups": ["labs"]}, {"claim": "groups", "analysts": ["lab"]}, Role.VIEWER),
        ({"groups": [["lab"], None, 7]}, {"claim": "groups", "analysts": ["lab", "7"]}, Role.VIEWER),
        (MAIL, {"claim": "groups", "analysts": ["ada@lab.example", "7"]}, Role.VIEWER),  # the claim alone counts
        ({}, {"claim": "groups", "analysts": [""], "operators": [""]}, Role.VIEWER),
        ({"sub": "", "email": ""}, {"analysts": [""], "operators": [""]}, Role.VIEWER),
    ],
)
def test_a_role_is_given_by_a_claim_or_by_a_list(claims: dict[str, Any], settings: dict[str, Any], role: Role) -> None:
    assert roles.given(claims, settings) is role


def test_a_sign_in_counts_for_some_hours() -> None:
    now = roles.time.time()
    assert roles.fresh({"iat": now - 11 * 3600}, {}) and not roles.fresh({"iat": now - 13 * 3600}, {})
    assert roles.fresh({"iat": now - 13 * 3600}, {"hours": 24})
    assert not roles.fresh({}, {}) and not roles.fresh({"iat": "now"}, {})


def test_every_place_that_draws_or_writes_asks_for_the_role() -> None:
    """Followed from the source: a new place that reaches the sampler or a file is found without being named here."""
    uses, writers = graph(sources())
    found = acting(uses, writers)
    assert len(found) > 4 and uses["dashboard.generation", "queued"] & GUARDS
    assert unguarded(uses, set(found), GUARDS) == HARMLESS


def test_a_place_that_asks_nobody_is_found() -> None:
    """The rule itself: each of these is one more place that writes or draws, and nobody is asked."""
    lines = (
        "from store.notes import write_notes\ndef keep(run): write_notes(run, 1, 2)",
        "from store import blind_test_answers as b\ndef keep(run): b.write_sitting(run, 1)",
        "def keep(path): path.write_text('x')",
        "def keep(path):\n    with open(path, 'w') as file: file.write('x')",
        "import shutil\ndef keep(path): shutil.rmtree(path)",
        "from sampler.loop import sample\ndef keep(law): return list(sample(law, 1, 2))",
        "from sampler import generation\ndef keep(net): return generation.generate(net, [], [], None)",
    )
    uses, writers = graph(sources(), {f"dashboard.extra_{place}": line for place, line in enumerate(lines)})
    found = unguarded(uses, set(acting(uses, writers)), GUARDS) - HARMLESS
    assert found == {(f"dashboard.extra_{place}", "keep") for place in range(len(lines))}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    drawer, known = write_run(root, "drawer"), write_gaussian(tmp_path_factory.mktemp("graph"))
    lend(known, drawer)
    return root


@pytest.fixture(scope="module")
def address(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on which people sign in, with the strictest limits that let an analyst do each thing once."""
    folder = tmp_path_factory.mktemp("started")
    (folder / ".streamlit").mkdir()
    limits = {act.setting: "6" if act.unit == "pictures" else "1" for act in ACTS}
    with provider(PEOPLE) as people:
        (folder / ".streamlit" / "secrets.toml").write_text(SECRETS % people.url)
        with served(archive, "--base-path", BASE, folder=folder, base=BASE, settings=limits) as url:
            people.back = f"{url}/oauth2callback"
            yield url


async def act(visitor: Visitor) -> list[list[str]]:
    """Press everything that draws or writes, whether it is disabled or not; what each page then says."""
    told = []
    for path, button, numbers in (("generate", "Draw", {}), ("runs", "Save", {}), ("blind-test", "Begin", GUESS),
                                  ("trajectory", "Draw continuations", {})):  # fmt: skip
        await visitor.page(path)
        assert (button in visitor.disabled) == bool(visitor.says("is for analysts and you are a viewer"))
        await visitor.page(path, visitor.buttons[button], numbers)
        told.append(list(visitor.said))
        if "Picture, PNG" in visitor.buttons:
            told.append(["drawn"])
    return told


def test_a_viewer_who_presses_what_is_barred_draws_and_writes_nothing(address: str, archive: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*") if path.is_file()}

    async def press() -> None:
        async with visit(address, "run=drawer&each=2&steps=3", await sign_in(address, EVE)) as visitor:
            told = await act(visitor)
            assert visitor.told.errors == [] and ["drawn"] not in told
            assert "0" not in visitor.buttons  # no answer can be given
            await visitor.page("draw")
            assert visitor.says("is for analysts") and not visitor.says("Nothing is drawn yet")
            assert sum("is for analysts" in text for said in told for text in said) >= 4

    asyncio.run(press())
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*") if path.is_file()} == before


def test_an_analyst_draws_and_writes_until_the_limit_is_reached(address: str, archive: Path) -> None:
    """The same presses as the viewer's. Six pictures are drawn, and then neither a fork nor a second note."""

    async def press() -> None:
        async with visit(address, "run=drawer&each=2&steps=3", await sign_in(address, ADA)) as visitor:
            told = await act(visitor)
            assert visitor.told.errors == [] and ["drawn"] in told
            assert any("At most 6 pictures a minute are anyone's here" in text for text in told[-1])
            await visitor.page("runs")
            await visitor.page("runs", visitor.buttons["Save"])
            assert visitor.says("At most 1 notes a minute are anyone's here; wait")
            await visitor.page("blind-test")
            await visitor.page("blind-test", visitor.buttons["0"])
        for seed, shown in ((0, True), (9, False)):  # a link shows what was drawn just now, and draws nothing itself
            link = f"run=drawer&each=2&steps=3&seed={seed}&drawn=drawer"
            async with visit(address, link, await sign_in(address, ADA)) as visitor:
                await visitor.page("generate")
                assert visitor.told.errors == [] and ("Picture, PNG" in visitor.buttons) == shown
                assert visitor.says("Press Draw for the pictures of this address") != shown

    asyncio.run(press())
    assert (archive / "drawer" / "notes.json").is_file()
    assert len(list((archive / "drawer" / "answers").glob("*.json"))) == 1


def test_an_analyst_starts_no_job(address: str, archive: Path) -> None:
    async def press() -> None:
        async with visit(address, "run=drawer", await sign_in(address, ADA)) as visitor:
            await visitor.page("training")
            assert "Do it here" in visitor.disabled
            await visitor.page("training", visitor.buttons["Do it here"])
            assert visitor.says("Starting jobs is for operators and you are an analyst")

    asyncio.run(press())
    assert not (archive / ".jobs").exists()


def test_before_signing_in_a_page_shows_nothing_and_takes_nothing(address: str) -> None:
    async def look() -> None:
        async with visit(address, "run=drawer") as visitor:
            for path in ("generate", "", "runs", "report"):
                await visitor.page(path)
                assert visitor.says("shown to those who have signed in") and list(visitor.buttons) == ["Sign in"]
                assert not visitor.says("drawer")

    asyncio.run(look())


def test_a_cookie_that_somebody_made_up_is_nobody_s(address: str) -> None:
    async def look() -> None:
        cookies = await sign_in(address, EVE)
        name = "_streamlit_user"
        for value in (
            cookies[name][:-3] + "abc",
            "eyJpc19sb2dnZWRfaW4iOiB0cnVlfQ==",
            cookies["_streamlit_user_tokens"],
        ):
            async with visit(address, "run=drawer", cookies | {name: value}) as visitor:
                await visitor.page("generate")
                assert "Sign in" in visitor.buttons

    asyncio.run(look())


@pytest.mark.parametrize("act", ACTS, ids=lambda each: each.unit)
def test_a_limit_is_a_setting(act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(act.setting, raising=False)
    assert limit(act) == act.most
    monkeypatch.setenv(act.setting, "7")
    assert limit(act) == 7
    monkeypatch.setenv(act.setting, "many")
    with pytest.raises(RunError, match=f"^{act.setting} is 'many'; set it to a whole number.$"):
        limit(act)
    described = (Path(__file__).parent.parent / "docs" / "server-and-sign-in.md").read_text()
    assert f"| `{act.setting}` | {act.most:,} |" in described
