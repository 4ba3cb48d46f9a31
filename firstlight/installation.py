"""Where the rooms lie: at the root of a checkout, or inside this package where a wheel was installed."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
INSTALLED = (_HERE / "_rooms").is_dir()  # by a wheel, whose folder nothing may change
HOME = _HERE / "_rooms" if INSTALLED else _HERE.parent
