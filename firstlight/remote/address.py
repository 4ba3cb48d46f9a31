"""The address of an archive elsewhere: s3://BUCKET/PREFIX, or that of another store that fsspec knows."""

import hashlib
import os
import re
from pathlib import Path

from firstlight.errors import RunError

FORM = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PART = re.compile(r"[A-Za-z0-9_=+-][A-Za-z0-9_.=+-]*")
WRITABLE = "s3"  # whose conditional puts are known here
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
ADDRESS = Path(".elsewhere", "address")  # in a copy: where it is one of


def is_address(text: str) -> bool:
    """Whether this names an archive elsewhere, and not a folder."""
    return bool(FORM.fullmatch(text))


def checked(text: str) -> str:
    """The address, without a slash at its end. Raises RunError for one that makes no sense.

    Credentials come from the environment alone: an address is shown on pages and kept in logs.
    """
    found = FORM.fullmatch(text)
    protocol, path = (found[1], found[2].rstrip("/")) if found else ("", "")
    parts = path.split("/")
    if "@" in path or "?" in path:
        raise RunError("An address holds no credentials and no settings; name s3://BUCKET/PREFIX, and put credentials "
                       "into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile.")  # fmt: skip
    wrong = not all(PART.fullmatch(part) for part in parts) or (protocol == WRITABLE and not BUCKET.fullmatch(parts[0]))
    if wrong or protocol in ("file", "local"):
        raise RunError(f"{text[:200]} is no address of an archive; name a folder, or s3://BUCKET/PREFIX.")
    return f"{protocol}://{path}"


def folder_name(address: str) -> str:
    """What the folder of its copy here is called; another for the same bucket's name on another server."""
    server = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")
    digest = hashlib.sha256(f"{address}\n{server}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^a-z0-9]+', '-', address.lower())[:80]}-{digest}"


def labels(addresses: list[str]) -> list[str]:
    """What each of several archives is called: the last words of its address that no other ends with."""
    words = [re.findall(r"[a-z0-9_.-]*[a-z0-9]", each.lower()) for each in addresses]
    ends = [[each[-n:] for n in range(1, len(each) + 1)] for each in words]
    return [
        "-".join(
            next((end for end in own if sum(end in other for other in ends) == 1), own[-1] if own else ["archive"])
        )
        for own in ends
    ]
