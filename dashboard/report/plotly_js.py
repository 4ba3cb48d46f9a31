"""plotly.js for a file: its bundle of charts with two axes, a third of the whole, which is taken where that lacks."""

from functools import cache

from markupsafe import Markup

from dashboard.report import npm
from firstlight.errors import RunError

VERSION = "4.1.1"  # a Python package of another version writes for another plotly.js
FILE = "plotly-cartesian.min.js"
PACKAGE = npm.Package(
    "plotly.js-cartesian-dist-min",
    VERSION,
    "o8GrFeusncwBIxbBynRJpY4pkgVB6caM+JLpwrLYbbsO7dZ8FJ+SVN2Fr+L7kiG/Z6w4P5O0Jus/Qr5EefHVeg==",
    {FILE: "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"},
)


@cache
def plotly(ask: bool = False) -> Markup:
    """The script without addresses of maps and help pages. ask: the npm registry, where the bundle is not kept."""
    from plotly.offline import get_plotlyjs, get_plotlyjs_version

    try:
        held = npm.files(PACKAGE, ask)[FILE].decode("utf-8") if get_plotlyjs_version() == VERSION else get_plotlyjs()
    except RunError:
        held = get_plotlyjs()
    return Markup(npm.silent(held))
