"""How much of archives elsewhere is kept here: runs that were not looked at for longest make room for others."""

import shutil
from collections.abc import Collection
from pathlib import Path

from firstlight.errors import RunError
from firstlight.gigabytes import gigabytes
from firstlight.remote.copy_state import HIDDEN, CopyState
from firstlight.run_id import RUN_ID

GIGABYTES, DEFAULT = "FIRSTLIGHT_CACHE_GB", 20.0


def limit() -> int:
    """In bytes. Raises RunError for a setting that is no number."""
    return gigabytes(GIGABYTES, DEFAULT)


def held(state: CopyState) -> int:
    """Bytes of all copies, those of other archives too."""
    return sum(size for _, size, _, _ in _copies(state.root.parent))


def make_room(state: CopyState, run_id: str, total: int, kept: Collection[str]) -> None:
    """Remove copies until `total` bytes, those that come included, fit; none of the runs `kept` of this archive.

    Raises RunError, which names the fix, where that is not enough.
    """
    most, freed = limit(), 0
    for _, size, other, name in sorted(_copies(state.root.parent), key=lambda each: each[0]):
        if total - freed <= most:
            break
        mine = other == state.root and (name == run_id or name in kept)
        if not mine and _removed(CopyState(other), name):
            freed += size
    if total - freed > most:
        raise RunError(f"{run_id} does not fit into the {most / 1e9:g} GB that are kept here of archives elsewhere; "
                       f"give it more with {GIGABYTES}, or look at this run alone by its id.")  # fmt: skip


def _copies(above: Path) -> list[tuple[float, int, Path, str]]:
    """Every run that is here: when it was looked at last, its bytes, its archive's folder and its id."""
    found = []
    for path in above.glob(f"*/{HIDDEN}/*.json"):
        root, run_id = path.parent.parent, path.stem
        size = sum(each.size for each in CopyState(root).of(run_id).values() if not each.hollow)
        found.append((path.stat().st_mtime, size, root, run_id))
    return found


def _removed(state: CopyState, run_id: str) -> bool:
    """Whether a copy is gone now; one that is written, or not sent, stays."""
    with state.alone(run_id) as alone:
        if not alone or state.unsent(run_id).exists() or not RUN_ID.fullmatch(run_id):
            return False
        shutil.rmtree(state.root / run_id, ignore_errors=True)
        state.forget(run_id)
        return True
