"""The search for garbage: seldom, and not among what the process holds for good.

Streamlit's own would search after every run of a script, 0.1 to 0.3 s among all that was imported and all that other
sessions hold, during which nobody is answered: half of the time where many browse. It is switched off.
"""

import gc
import sys
import time

EVERY = 10.0  # seconds between two searches

_frozen = 0  # modules that were there when the last ones were put aside
_searched = 0.0  # when


def settle() -> None:
    """Search for garbage where it was not done for a while; put aside what is there where modules were imported."""
    global _frozen, _searched
    now, modules = time.monotonic(), len(sys.modules)
    if modules == _frozen and now - _searched < EVERY:
        return
    _searched = now
    gc.collect()
    gc.enable()  # the server begins without
    if modules != _frozen:
        gc.freeze()
        _frozen = modules
