"""What goes wrong in words: each message is one sentence that names the fix."""


class RunError(Exception):
    """Something is wrong with a run; the message is one sentence that names the fix."""


class SamplerError(ValueError):
    """Pictures cannot be drawn as asked; the message is one sentence that names the fix."""


class JudgeError(ValueError):
    """There is no judge for this; the message is one sentence that names the fix."""


class GraphError(ValueError):
    """A graph from elsewhere is not run; the message is a predicate: whoever asked says whose graph, and the fix."""
