"""One file of a run, to be sent: a plain zip of its folder, and of the judges of its data set that are not bundled.

Nothing in it is compressed, because Parquet and weights do not shrink, and a run is packed to the same bytes anywhere.
"""

import hashlib
import json
import zipfile
from pathlib import Path

from firstlight.archives import FITTED, existing_run, places
from firstlight.atomic_writes import replacing
from firstlight.command_text import typed
from firstlight.errors import RunError
from firstlight.installation import HOME
from firstlight.judge_files import judge_files
from firstlight.manifest import entry_of, listing, standing, survey
from firstlight.run_folder import Run
from firstlight.run_json import card_of
from firstlight.table_schema import SCHEMA
from store.parcel import CHUNK
from store.verification import inspect

PACKED_AT = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can say


def pack(runs: Path, run_id: str, out: Path | None = None) -> tuple[Path, list[str], list[str]]:
    """Write a run with its judges into one file, `out` or <id>.zip; returns it, the judges, and what was left out.

    Left out are the blind test's answers, which name people, and files that no run has. Raises RunError for a run that
    is live or damaged, and where the file is there already.
    """
    run, path = existing_run(runs, run_id), out or Path(f"{run_id}.zip")
    found = inspect(run, everything=True)
    if found.damaged:
        raise RunError(f"{run_id} is damaged: {found.reason}. See all of it with: firstlight store verify {typed(run)}")
    if card_of(run)["state"] == "running":
        raise RunError(
            f"{run_id} is still running; pack it when it has ended; go on with it by: firstlight resume {typed(run)}"
        )
    if path.exists():
        raise RunError(f"{path} is there already; name another file with: --out FILE")
    names = [name for name, _, _ in listing(str(run.folder))]
    kept = sorted(name for name in names if run.knows(name) and not name.startswith(f"{run.answers.name}/"))
    judges = own_judges(run)
    sources = {f"{run_id}/{name}": run.folder / name for name in kept}
    sources |= {f"{FITTED}/{name}": file for files in judges.values() for name, file in files.items()}
    _write(path, sources, _manifest(run, run_id, kept))
    return path, sorted(judges), sorted(set(names) - set(kept))


def own_judges(run: Run) -> dict[str, dict[str, Path]]:
    """The judges of a run's data set that are not bundled -> their files, by the name relative to `.fitted`."""
    found = {}
    for judge, names in judge_files(str(card_of(run)["dataset"].get("name") or "unknown")).items():
        for card in places(HOME / names[-1], run.archive)[:-1]:
            root = card.parents[names[-1].count("/")]
            files = {name: root / name for name in names if (root / name).is_file()}
            if card.is_file() and not same_judge(files, {name: HOME / name for name in files}):
                found[judge] = files
            if card.is_file():
                break
    return found


def same_judge(one: dict[str, Path], other: dict[str, Path]) -> bool:
    """Whether two judges are one: all files but the card, which a later examination changes."""
    return all(
        other[name].is_file() and other[name].read_bytes() == file.read_bytes()
        for name, file in one.items()
        if not name.endswith("card.json") and not name.endswith(("-clean.json", "-noisy.json"))
    )


def _manifest(run: Run, run_id: str, kept: list[str]) -> tuple[str, bytes, dict[str, str]]:
    """The manifest's name, its bytes for what is kept alone, and the SHA-256 that each file must have."""
    files, there = survey(run)[0], standing(run)
    entries = {name: each for name, each in there.items() if name in kept}
    for name in files.keys() & set(kept) - there.keys() - {run.card.name}:
        entries[name] = entry_of(run.folder / name, files[name])
    content = run.manifest.read_bytes() if run.manifest.is_file() else b"{}"
    if json.loads(content) != {"schema": SCHEMA, "files": entries}:
        entries = dict(sorted(entries.items()))
        content = (json.dumps({"schema": SCHEMA, "files": entries}, indent=1, ensure_ascii=False) + "\n").encode()
    wanted = {f"{run_id}/{name}": str(entry["sha256"]) for name, entry in entries.items()}
    return f"{run_id}/{run.manifest.name}", content, wanted


def _write(path: Path, sources: dict[str, Path], manifest: tuple[str, bytes, dict[str, str]]) -> None:
    name_of_manifest, content, wanted = manifest
    with replacing(path) as file, zipfile.ZipFile(file, "w") as packed:
        for name, source in sorted((sources | {name_of_manifest: path}).items()):
            member = zipfile.ZipInfo(name, PACKED_AT)
            member.create_system, member.external_attr = 3, 0o100644 << 16
            if name == name_of_manifest:
                packed.writestr(member, content)
                continue
            digest, member.file_size = hashlib.sha256(), source.stat().st_size
            with source.open("rb") as opened, packed.open(member, "w") as target:
                while chunk := opened.read(CHUNK):
                    digest.update(chunk)
                    target.write(chunk)
            if digest.hexdigest() != wanted.get(name, digest.hexdigest()):
                raise RunError(f"{source} was changed meanwhile; pack the run again.")
