"""`make fuzz`: files damaged at random, hostile ones, killed trainers and properties, many of each, and a table of it.

    python tests/fuzz.py --seed 17 --count 100        # of each kind of file; all hostile ones; 50 kills; 500 examples

The seed is printed; what went wrong is printed with the line that repeats it. Exits with 1 where anything did.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("faults", "damaged_files", "hostile_tables", "hostile_cards", "hostile_graphs", "pack", "properties")
HEAD = ("kind", "tried", "tracebacks", "wrong figures", "other runs", "over 10 s")


def main() -> int:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--seed", type=int, default=random.randrange(10**6))
    flags.add_argument("--count", type=int, default=100, help="damages of each kind of file (default: %(default)s)")
    flags.add_argument("--only", default="", help="words for pytest's -k")
    chosen = flags.parse_args()
    print(f"make fuzz SEED={chosen.seed} COUNT={chosen.count}", flush=True)
    environment = os.environ | {"FIRSTLIGHT_SEED": str(chosen.seed), "FIRSTLIGHT_FUZZ": str(chosen.count),
                                "OMP_NUM_THREADS": "1"}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        files = [str(HERE / f"test_{name}.py") for name in FILES]
        words = ["-m", "pytest", "-n", "auto", "--dist", "load", f"--junitxml={report}", "-k", chosen.only, *files]
        status = subprocess.run([sys.executable, *words], env=environment, cwd=HERE.parent).returncode
        rows = table(report)
    width = max(len(str(row[0])) for row in rows)
    for row in (HEAD, *rows):
        print(f"{row[0]!s:{width}}", *(f"{each!s:>13}" for each in row[1:]))
    print(f"seed {chosen.seed}: {'something went wrong, see above' if status else 'nothing went wrong'}")
    return int(status != 0)


def table(report: Path) -> list[list[object]]:
    """A row for each kind, of what the tests say of themselves or else of how they ended, and their sum."""
    rows: dict[str, list[int]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        told = [json.loads(each.get("value", "[]").replace("'", '"')) for each in case.iter("property")]
        failed = int(any(case.find(word) is not None for word in ("failure", "error")))
        file = re.sub(r".*test_", "", case.get("classname", "")).replace("_", " ")
        for kind, *counts in told or ([[file, 1, failed, 0, 0, 0]] if case.find("skipped") is None else []):
            rows[kind] = [one + other for one, other in zip(rows.get(kind, [0] * 5), counts, strict=True)]
    listed: list[list[object]] = [[kind, *counts] for kind, counts in sorted(rows.items())]
    return [*listed, ["together", *map(sum, zip(*rows.values(), strict=True))]]


if __name__ == "__main__":
    raise SystemExit(main())
