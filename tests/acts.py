"""Who in the dashboard writes or draws, read from the source: what reaches a file or the sampler by any road below it.

A function is followed by the names that it uses, imports resolved; what is called through an object is not, save the
methods that can only be a path's.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

from test_rooms import ROOT, SOURCES, module_of

Place = tuple[str, str]  # module and function; <module> is what runs when it is imported, or a page itself
WRITES = {"write_text", "write_bytes", "mkdir", "unlink", "rmdir", "touch", "symlink_to", "hardlink_to", "chmod"}
OS = {"replace", "rename", "remove", "unlink", "mkdir", "makedirs", "rmdir", "link", "symlink", "truncate"}
DRAWS = {("sampler.loop", "sample"), ("sampler.generation", "generate"), ("sampler.generation", "continued")}
READ = ("firstlight", "store", "jobs", "sampler", "evaluator", "dashboard", "pages")
COMMAND = "dashboard.__main__"  # runs for whoever owns the machine


def functions(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """What each function of a module says, methods and inner ones by their own names too."""
    found: dict[str, list[ast.stmt]] = {
        "<module>": [each for each in tree.body if not isinstance(each, (ast.FunctionDef, ast.ClassDef))]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def imported(tree: ast.Module) -> dict[str, Place]:
    """What the names that a module imports are."""
    found: dict[str, Place] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {name.asname or name.name: (node.module or "", name.name) for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.asname or name.name: (name.name, "") for name in node.names}
    return found


def used(body: list[ast.stmt], module: str, known: dict[str, Place], own: set[str]) -> set[Place]:
    """What is named in a function: its own module's functions, imported ones, and those of imported modules."""
    found: set[Place] = set()
    for node in (node for each in body for node in ast.walk(each)):
        if isinstance(node, ast.Name) and node.id in known:
            found.add(known[node.id])
        elif isinstance(node, ast.Name) and node.id in own:
            found.add((module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            found.add((".".join(filter(None, known[node.value.id])), node.attr))
    return found


def touches(body: list[ast.stmt], names: set[Place]) -> bool:
    """Whether a function itself writes, moves or removes a file."""
    if any(module == "shutil" or (module == "os" and name in OS) for module, name in names):
        return True
    for node in (node for each in body for node in ast.walk(each) if isinstance(node, ast.Call)):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = [
            each.value for each in [*node.args, *(key.value for key in node.keywords)] if isinstance(each, ast.Constant)
        ]
        if name in WRITES or (
            name == "open" and any(mode in ("w", "wb", "a", "ab", "x", "xb", "r+b") for mode in modes)
        ):
            return True
    return False


def graph(sources: list[Path], more: Mapping[str, str] | None = None) -> tuple[dict[Place, set[Place]], set[Place]]:
    """What each function uses, and which write themselves; `more` modules by name, as text."""
    uses: dict[Place, set[Place]] = {}
    writers: set[Place] = set()
    for module, text in ({module_of(path): path.read_text() for path in sources} | dict(more or {})).items():
        tree = ast.parse(text)
        parts, known = functions(tree), imported(tree)
        for name, body in parts.items():
            uses[module, name] = used(body, module, known, set(parts))
            if touches(body, uses[module, name]):
                writers.add((module, name))
    return uses, writers


def is_dashboard(place: Place) -> bool:
    return place[0].partition(".")[0] in ("dashboard", "pages")


def acting(uses: dict[Place, set[Place]], writers: set[Place]) -> dict[Place, set[Place]]:
    """Functions of the dashboard that write, or name what writes or draws below it: what they name."""
    acts = writers | DRAWS
    while more := {place for place, names in uses.items() if not is_dashboard(place) and names & acts} - acts:
        acts |= more
    below = {place for place in acts if not is_dashboard(place)}
    found = {place: names & below for place, names in uses.items() if is_dashboard(place) and place[0] != COMMAND}
    return {place: names | ({place} & writers) for place, names in found.items() if names or place in writers}


def unguarded(uses: dict[Place, set[Place]], places: set[Place], guards: set[Place]) -> set[Place]:
    """Places that ask no guard and are also reached from one that asks none."""
    own = {place: names for place, names in uses.items() if is_dashboard(place)}
    callers = {place: {other for other, names in own.items() if place in names and other != place} for place in own}
    safe = guards | {place for place, names in own.items() if names & guards}
    while more := {place for place in own.keys() - safe if callers[place] and callers[place] <= safe}:
        safe |= more
    return places - safe


def sources() -> list[Path]:
    return [path for path in SOURCES if path.relative_to(ROOT).parts[0] in READ]
