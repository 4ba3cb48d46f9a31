"""What goes wrong in words: each message is one sentence that names the fix."""

import errno

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}  # no room, for the file or its owner


class RunError(Exception):
    """Something is wrong with a run; the message is one sentence that names the fix."""


class SamplerError(ValueError):
    """Pictures cannot be drawn as asked; the message is one sentence that names the fix."""


class JudgeError(ValueError):
    """There is no judge for this; the message is one sentence that names the fix."""


class GraphError(ValueError):
    """A graph from elsewhere is not run; the message is a predicate: whoever asked says whose graph, and the fix."""


def disk(error: OSError) -> str:
    """What the disk refused, one sentence that names the file and the fix."""
    fix = "make room there" if error.errno in FULL else "see that it may be written and that no program has it open"
    return f"{error.filename or 'A file'}: {error.strerror or error}; {fix}, and try again; what was complete is kept."
