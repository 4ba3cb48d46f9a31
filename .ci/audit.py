"""`make audit`: known vulnerabilities of what is installed, and of the oldest versions that requirements.txt lets in.

Asks pip-audit, which asks a service; what is left out of the count stands in audit-exceptions.toml, with a reason and
a date after which it counts again. None of our components in the browser has packages of its own.
"""

import argparse
import datetime
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TOOL = ROOT / ".venv" / "audit" / "bin" / "pip-audit"
OLDEST = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*])?[>=]=([0-9.]+)")
OURS = "firstlight"
Report = list[dict[str, Any]]  # pip-audit's `dependencies`


class AuditError(Exception):
    """The audit could not be made; the message is one sentence."""


def main(arguments: list[str] | None = None) -> int:
    flags = argparse.ArgumentParser(prog="make audit", description=__doc__)
    flags.add_argument("--tool", type=Path, default=TOOL, help="pip-audit")
    flags.add_argument("--service", default="", metavar="URL", help="of OSV's kind, instead of PyPI's own")
    flags.add_argument("--exceptions", type=Path, default=HERE / "audit-exceptions.toml")
    flags.add_argument(
        "--installed", type=Path, default=next(iter((ROOT / ".venv" / "lib").glob("*/site-packages")), None)
    )
    chosen = flags.parse_args(arguments)
    service = ["--vulnerability-service", "osv", "--osv-url", chosen.service] if chosen.service else []
    try:
        excepted = exceptions(chosen.exceptions, datetime.date.today())
        found = []
        with tempfile.TemporaryDirectory() as folder:
            oldest = Path(folder) / "oldest.txt"
            oldest.write_text(pinned((ROOT / "requirements.txt").read_text()))
            for what, where in (
                ("installed", ["--path", str(chosen.installed)]),
                ("oldest that is asked for", ["--requirement", str(oldest), "--no-deps", "--disable-pip"]),
            ):
                found += [f"{what}: {line}" for line in problems(asked(chosen.tool, [*where, *service]), excepted)]
    except AuditError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        "\n".join(found) or "No known vulnerability, in what is installed or in the oldest versions that are asked for."
    )
    return int(bool(found))


def asked(tool: Path, flags: list[str]) -> Report:
    """What pip-audit says of each package. Raises AuditError where no service answered it."""
    command = [str(tool), "--format", "json", "--progress-spinner", "off", *flags]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise AuditError(f"{tool} cannot be run ({error.strerror}); install it with: make audit") from error
    try:
        report: Report = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        report = []
    if not any("vulns" in each for each in report):  # pip-audit itself ends well where it could look up nothing
        raise AuditError(
            "Nothing was audited: no service that knows vulnerabilities answers; try again with a network."
        )
    return report


def problems(report: Report, excepted: dict[tuple[str, str], str]) -> list[str]:
    """A line for each vulnerability that counts, and for each package that could not be looked up."""
    lines = []
    for each in report:
        if each["name"] != OURS and "skip_reason" in each and (each["name"], "unknown") not in excepted:
            lines.append(f"{each['name']} could not be looked up ({each['skip_reason']})")
        for known in each.get("vulns", []):
            if not {(each["name"], name) for name in (known["id"], *known["aliases"])} & excepted.keys():
                mended = ", ".join(known["fix_versions"]) or "nothing yet"
                lines.append(f"{each['name']} {each['version']}: {known['id']}, mended in {mended}")
    return lines


def exceptions(path: Path, today: datetime.date) -> dict[tuple[str, str], str]:
    """Package and vulnerability, or `unknown` for a package that no service knows -> the reason; past ones left out."""
    try:
        entries = tomllib.loads(path.read_text()).get("exception", [])
        return {(each["package"], each["id"]): str(each["reason"]) for each in entries if today <= each["until"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError(
            f"{path} cannot be read ({error!r}); each exception has package, id, reason and until."
        ) from error


def pinned(requirements: str) -> str:
    """The oldest version of each package that the requirements let in."""
    found = [OLDEST.match(line) for line in requirements.splitlines()]
    return "".join(f"{each[1]}=={each[2]}\n" for each in found if each)


if __name__ == "__main__":
    sys.exit(main())
