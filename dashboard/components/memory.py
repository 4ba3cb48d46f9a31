"""What the process holds for good is left out of the search for garbage.

Streamlit searches after every run of a script and walks through all that was ever imported: 0.1 s, during which no
other session is answered.
"""

import gc
import sys

_frozen = 0  # modules that were there when the last ones were put aside


def settle() -> None:
    """Put aside what is there, where modules were imported since the last time."""
    global _frozen
    if len(sys.modules) != _frozen:
        gc.collect()
        gc.freeze()
        _frozen = len(sys.modules)
