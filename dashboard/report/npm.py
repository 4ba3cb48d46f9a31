"""Files of an npm package exactly as it was published: from the user's cache, or from the npm registry."""

import base64
import hashlib
import io
import os
import re
import subprocess
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from firstlight.archives import cache
from firstlight.atomic_writes import write_bytes
from firstlight.errors import RunError

REGISTRY = "https://registry.npmjs.org/"  # where npm, and nobody else, says which
LARGEST = 64_000_000  # bytes of a package
PATIENCE = 60  # seconds for the registry to say something
OUTWARD = re.compile(r"https?://(?!www\.w3\.org/)")  # w3.org names XML's vocabularies and is never asked


@dataclass(frozen=True)
class Package:
    """One version of a package, and the files that are wanted of it."""

    name: str
    version: str
    integrity: str  # SHA-512 of the package as the registry sends it, base64
    files: Mapping[str, str]  # path in the package -> SHA-256


def files(package: Package, ask: bool = True) -> dict[str, bytes]:
    """The wanted files by their paths; the registry is asked, with `ask`, where they are not kept from before.

    Raises RunError, a sentence without its end, where they cannot be had.
    """
    kept = cache() / f"{package.name}-{package.version}"
    try:
        found = {path: (kept / path.rpartition("/")[2]).read_bytes() for path in package.files}
    except OSError:
        found = {}
    if all(hashlib.sha256(found.get(path, b"")).hexdigest() == digest for path, digest in package.files.items()):
        return found
    if not ask:
        raise RunError(f"The npm package {package.name} {package.version} is not kept here")
    with tarfile.open(fileobj=io.BytesIO(_fetched(package))) as held:
        members = {path: held.extractfile(f"package/{path}") for path in package.files}
        found = {path: member.read() for path, member in members.items() if member}
    try:  # where nothing can be written, it is fetched again
        kept.mkdir(parents=True, exist_ok=True)
        for path, content in found.items():
            write_bytes(kept / path.rpartition("/")[2], content)
    except OSError:
        pass
    return found


def silent(script: str) -> str:
    """A script without the addresses in it: what a file holds can ask nobody for anything."""
    return OUTWARD.sub("", script)


def _fetched(package: Package) -> bytes:
    """The package as the registry sends it, if it is the one that is known. Raises RunError."""
    name = f"{package.name} {package.version}"
    address = f"{_registry().rstrip('/')}/{package.name}/-/{package.name}-{package.version}.tgz"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            content: bytes = answer.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise RunError(f"The npm package {name} could not be fetched ({getattr(error, 'reason', error)})") from error
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != package.integrity:
        raise RunError(f"What the registry sent is not {name} as it was published")
    return content


def _registry() -> str:
    """The npm registry that this machine is configured for."""
    told = next((value for name, value in os.environ.items() if name.lower() == "npm_config_registry"), "")
    if not told:
        try:
            asked = ["npm", "config", "get", "registry"]
            told = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout.strip()
        except (OSError, subprocess.SubprocessError):  # no npm here
            told = ""
    return told if told and told.startswith(("https://", "http://")) else REGISTRY
