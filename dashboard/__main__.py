"""`firstlight dashboard`: serve the dashboard and say where; write a report, a site, exercises; check a report."""

import argparse
import errno
import os
import secrets
import shlex
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.access import addresses, class_code
from dashboard.access.acts_by_role import ACTS, limit
from dashboard.access.exposure import ACCESS, ADDRESS, CLASS, LOCAL, Exposure, exposure
from firstlight.announcement import ANNOUNCE
from firstlight.archives import BESIDE, BUNDLED, MORE, NAMED, archive, beside, cache, more, named
from firstlight.command_text import USUAL, flags
from firstlight.errors import RunError, disk
from firstlight.installation import HOME
from firstlight.remote.registry import address
from firstlight.telemetry import switch_off
from jobs.process import ALONE

if TYPE_CHECKING:
    from dashboard.report.build import Drawing

SERVER = Path(__file__).resolve().parent / "access" / "server.py"
SECRETS = Path(".streamlit", "secrets.toml")  # where the command is called
# of the server, where nobody says otherwise: small products for many sessions, and glibc's free memory in two places
# instead of sixteen, a sixth less of it in all
LEAN = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}

COVER = {  # flags of a report -> what they say
    "title": "what stands over the report", "author": "who made it", "licence": "under which it may be used",
    "text": "a few words before its numbers",
    "sections": "which of summary, answers, runs, claims, configuration, files, between commas, in this order",
}  # fmt: skip


def main(arguments: list[str] | None = None, prog: str = "firstlight dashboard") -> int:
    """Run one command. Returns the exit status: 1 where a report no longer holds, 2 for a request without sense."""
    chosen = parser(prog).parse_args(arguments)
    _home()
    try:
        return int(chosen.command(chosen))
    except (RunError, OSError) as error:
        print(disk(error) if isinstance(error, OSError) else error, file=sys.stderr)
        return 2


def parser(prog: str = "firstlight dashboard") -> argparse.ArgumentParser:
    """The commands and every flag."""
    flags = argparse.ArgumentParser(prog=prog, description="Browse runs in the browser.")
    flags.add_argument("--port", type=int, default=8501, help="port that it listens on")
    flags.add_argument("--address", default=ADDRESS, help="address that it listens on (default: this computer alone)")
    flags.add_argument("--allowed-host", action="append", default=[], metavar="HOST", help="a name that it goes by")
    flags.add_argument("--base-path", default="", metavar="PATH", help="path below which a proxy shows it")
    flags.add_argument("--viewers-only", action="store_true", help="without sign-in, everybody looks and nobody draws")
    said = f"the code of a class, which draws and takes the blind test (or {class_code.CODE})"
    flags.add_argument("--class-code", default="", metavar="CODE", help=said)
    flags.add_argument(
        "--runs", type=named, action="append", metavar="DIR",
        help="folder of runs, or s3://BUCKET/PREFIX; again for further ones (default: as every command)",
    )  # fmt: skip
    flags.set_defaults(command=serve)
    commands = flags.add_subparsers(metavar="COMMAND")
    telling = commands.add_parser("report", help="write runs, numbers, charts and pictures into one offline HTML file")
    telling.add_argument("run", nargs="+", metavar="RUN", help="the runs' ids")
    telling.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="the file to write")
    telling.add_argument("--address", default=None, metavar="URL", help="the dashboard that the report's links lead to")
    answers = "the link of an answer of the page Ask; again for more"
    telling.add_argument("--answer", action="append", default=[], metavar="LINK", help=answers)
    for name, words in COVER.items():
        telling.add_argument(f"--{name}", default="", help=words)
    telling.add_argument("--short", action="store_true", help="what fits on two printed pages, of one run or two")
    telling.add_argument("--live", action="store_true", help="it draws pictures by itself, as the first run's student")
    telling.add_argument("--onnxruntime-web", type=Path, metavar="FOLDER", help="of --live: the npm package, unpacked")
    telling.set_defaults(command=write_report)
    site = commands.add_parser("site", help="write the pages of runs as files for any web server")
    site.add_argument("run", nargs="+", metavar="RUN", help="the runs' ids")
    site.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new, empty, or a site to be replaced")
    site.add_argument("--pages", nargs="+", default=[], metavar="PAGE", help="as in their addresses (default: all)")
    site.add_argument("--onnxruntime-web", type=Path, metavar="FOLDER", help="the npm package, unpacked")
    site.set_defaults(command=write_site)
    sheet = commands.add_parser("exercises", help="write a sheet of questions on runs, and one with the answers")
    sheet.add_argument(
        "run", nargs="+", metavar="RUN", help="the run that is asked about, and those it is held against"
    )
    sheet.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="the sheet for the class")
    sheet.add_argument("--answers", type=Path, metavar="FILE.html", help="the teacher's sheet")
    sheet.add_argument("--address", default=addresses.HOME, metavar="URL", help="the dashboard that its links lead to")
    sheet.set_defaults(command=write_exercises)
    check = commands.add_parser("check", help="compute a report's numbers again and say what has changed")
    check.add_argument("file", type=Path, metavar="FILE.html", help="a report")
    check.set_defaults(command=check_report)
    for each in (telling, site, sheet, check):
        each.add_argument(
            "--runs", type=named, action="append", default=argparse.SUPPRESS, metavar="DIR", help="folder of the runs"
        )
    return flags


def serve(chosen: argparse.Namespace) -> int:
    """Serve until stopped."""
    codes = _codes(chosen)
    where = _where(chosen, bool(codes[class_code.CODE]))
    path = os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])
    environment = LEAN | os.environ | {"PYTHONPATH": path}
    usual = address(archive().resolve())
    runs = _named(chosen).resolve()
    environment |= {NAMED: address(runs), USUAL: usual, ACCESS: where.access, MORE: os.environ.get(MORE, ""), **codes}
    environment[ALONE] = ",".join((*(LEAN.keys() - os.environ.keys()), ACCESS))  # jobs that a page starts compute
    if where.access != LOCAL:
        environment.pop(ANNOUNCE, None)  # what others start here runs no command of whoever started it
    if other := beside(runs):
        environment[BESIDE] = address(other)
    names = " and ".join(
        "the bundled runs" if each == BUNDLED else address(each) for each in (runs, other, *more(runs).values()) if each
    )
    print(f"Firstlight serves {names} at {where.url}")
    if where.access == CLASS and not os.environ.get(class_code.TEACHER):
        print(f"The teacher types {codes[class_code.TEACHER]} in place of the class's code, and may more.")
    print(" ".join(filter(None, (where.who, "Stop it with Ctrl-C."))), flush=True)
    return _serve([sys.executable, "-m", "streamlit", "run", str(SERVER), *where.flags()], environment)


def _codes(chosen: argparse.Namespace) -> dict[str, str]:
    """The class's code and its teacher's, made up where nobody gave one; empty without a class. Raises RunError."""
    code = class_code.checked(chosen.class_code or os.environ.get(class_code.CODE, ""), "The code of the class")
    teacher = class_code.checked(os.environ.get(class_code.TEACHER, ""), class_code.TEACHER) or secrets.token_hex(6)
    if code.casefold() == teacher.casefold():
        raise RunError(f"{class_code.TEACHER} is the class's code too; give the teacher another, or none.")
    return {class_code.CODE: code, class_code.TEACHER: teacher if code else ""}


def write_report(chosen: argparse.Namespace) -> int:
    """A report of the runs, whole or not at all."""
    _quiet()
    from dashboard.ask.question import asked
    from dashboard.report import build
    from dashboard.report.cover import cover
    from firstlight.atomic_writes import write_bytes
    from store.database import Archive

    root = _named(chosen)
    if chosen.out.is_dir():
        raise RunError(f"{chosen.out} is a folder; name a file in it: --out {chosen.out / 'report.html'}")
    questions = [asked(each, chosen.run[0]) for each in chosen.answer]
    sections = [name.strip() for name in chosen.sections.split(",") if name.strip()]
    words = {name: getattr(chosen, name) for name in COVER if name != "sections"}
    over, address = cover(**words, sections=sections, short=chosen.short), chosen.address
    archive = Archive(root)
    with archive.one_moment():
        page = build.report(chosen.run, root, archive.ask, address or addresses.HOME, _drawing(chosen), questions, over)
    try:
        write_bytes(chosen.out, page)
    except OSError as error:
        raise RunError(f"{chosen.out} was not written ({error.strerror}); name another file with --out.") from error
    print(f"Wrote {chosen.out}, {len(page) / 1e6:.1f} MB. Check it later with: {_typed(chosen)}")
    return 0


def _typed(chosen: argparse.Namespace) -> str:
    """What checks a report later, as one types it."""
    return f"firstlight check {shlex.quote(str(chosen.out))}{flags(chosen.runs or [archive()])}"


def _drawing(chosen: argparse.Namespace) -> "Drawing | None":
    """What makes a report draw by itself, where that is asked for."""
    from dashboard.report.live.sections import live

    if chosen.onnxruntime_web and not chosen.live:
        raise RunError("--onnxruntime-web is of a report that draws; give --live too, or leave it out.")
    return partial(live, folder=chosen.onnxruntime_web) if chosen.live else None


def write_site(chosen: argparse.Namespace) -> int:
    """The pages of the runs as files, all or none."""
    _quiet()
    from dashboard.site import build

    root = _named(chosen)
    size = build.site(chosen.run, root, chosen.out, chosen.onnxruntime_web, chosen.pages)
    how = f"python -m http.server --directory {shlex.quote(str(chosen.out))}"
    print(f"Wrote {chosen.out}, {size / 1e6:.1f} MB. Look at it with: {how}")
    return 0


def write_exercises(chosen: argparse.Namespace) -> int:
    """A sheet of exercises for a class, and the teacher's where it is asked for."""
    _quiet()
    from dashboard.report.exercises.sheet import sheets
    from firstlight.atomic_writes import write_bytes
    from store.database import Archive

    root = _named(chosen)
    for out, page in zip(
        (chosen.out, chosen.answers), sheets(chosen.run, root, Archive(root).ask, chosen.address), strict=True
    ):
        if out is not None:
            write_bytes(out, page.encode())
            print(f"Wrote {out}. Print it from a browser: two pages of A4.")
    return 0


def check_report(chosen: argparse.Namespace) -> int:
    """What a report says that is no longer so; 1 if anything is."""
    _quiet()
    from dashboard.report import check
    from store.database import Archive

    root = _named(chosen)
    changed, count = check.check(chosen.file, root, Archive(root).ask)
    for line in changed:
        print("".join(character if character.isprintable() else "?" for character in line))
    print(f"{count} numbers and their files checked: {f'{len(changed)} changed' if changed else 'all as they were'}.")
    return 1 if changed else 0


def _named(chosen: argparse.Namespace) -> Path:
    """The first archive that was named, which this process reads from now on, with the others beside it."""
    roots: list[Path] = chosen.runs or [archive()]
    if len(roots) > 1:
        os.environ[NAMED] = address(roots[0].resolve())
        os.environ[MORE] = "\n".join(address(each.resolve()) for each in roots[1:])
    return roots[0]


def _home() -> None:
    """A home for Streamlit, which does not start without, where a container's user has none."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(cache())


def _quiet() -> None:
    """No remarks from the page's libraries about there being no page."""
    from streamlit import logger

    logger.set_log_level("ERROR")


def _serve(command: list[str], environment: dict[str, str]) -> int:
    """Become the server, started from HOME because streamlit reads .streamlit/config.toml from there."""
    if os.name == "posix":
        os.chdir(HOME)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execve(command[0], command, environment)
    try:
        return subprocess.run(command, cwd=HOME, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _where(chosen: argparse.Namespace, of_class: bool) -> Exposure:
    """Where it will listen, tried. Raises RunError, one sentence that names the fix."""
    port, runs = chosen.port, chosen.runs
    if not 1 <= port <= 65535:
        raise RunError(f"{port} is no port; choose one from 1 to 65535 with --port.")
    for each in runs or ():
        if not each.is_dir():
            raise RunError(f"There is no folder {each}; name the folder that holds the runs with --runs.")
    hosts, base, held = chosen.allowed_host, chosen.base_path, SECRETS.absolute()
    where = exposure(chosen.address, port, hosts, base, chosen.viewers_only, held, of_class)
    for act in ACTS:
        limit(act)
    with socket.socket(socket.AF_INET6 if ":" in where.address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where.address, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise RunError(f"{where.address} is no address of this computer; give one with --address.") from error
            said = f"Port {port} cannot be used ({error.strerror}); choose another: --port 8502, or make PORT=8502."
            raise RunError(said) from error
    return where


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
