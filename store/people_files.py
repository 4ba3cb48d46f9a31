"""A file that people write beside a run: replaced whole, and in an archive elsewhere only where nobody was faster."""

import json
from pathlib import Path
from typing import Any

from firstlight.atomic_writes import write_json
from firstlight.remote.registry import elsewhere
from firstlight.run_folder import Run


def write_people_file(run: Run, path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file beside a run. Raises OSError, UnicodeEncodeError, and RunError where somebody was faster."""
    other = elsewhere(run.archive)
    if other is None:
        write_json(path, content)
    else:
        other.put(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())
