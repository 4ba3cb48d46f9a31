"""What goes wrong in this room.

The seam is here because a page and a command line say the same sentence about the same fault.
"""


class SamplerError(ValueError):
    """Pictures cannot be drawn as asked; the message is one sentence that names the fix."""
