"""How Sphinx builds these pages; `make docs` calls it through docs/builder/build.py."""

import os
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]
os.environ.pop("FIRSTLIGHT_RUNS", None)  # a default that a help text shows is everybody's

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
project = "Firstlight"
version = release = os.environ.get("FIRSTLIGHT_DOCS_VERSION", "latest")
html_title = "Firstlight"
html_baseurl = ""

extensions = ["myst_parser", "made"]
exclude_patterns = ["builder"]
myst_heading_anchors = 4  # the anchors of GitHub, so that one link serves both
root_doc = "index"

html_theme = "furo"
html_logo = str(ROOT / "dashboard" / "logo.svg")
html_static_path = ["static", *filter(os.path.isdir, [os.environ.get("FIRSTLIGHT_DOCS_PICTURES", "")])]
html_css_files = ["site.css"]
html_js_files = [("offline.js", {"priority": 300})]  # after Sphinx's own options, before its search
templates_path = ["templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/versions.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {  # the colours of docs/look.md
    "sidebar_hide_name": True,
    "light_css_variables": {
        "color-brand-primary": "#00578A",
        "color-brand-content": "#00578A",
        "color-background-primary": "#FBFAF7",
        "color-background-secondary": "#F3F1EC",
        "color-foreground-primary": "#1B2333",
        "color-foreground-muted": "#5E6878",
        "font-stack": "system-ui, sans-serif",
        "font-stack--monospace": "ui-monospace, 'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#8EC5F0",
        "color-brand-content": "#8EC5F0",
        "color-background-primary": "#0E1420",
        "color-background-secondary": "#161D2C",
        "color-foreground-primary": "#E6EAF2",
        "color-foreground-muted": "#8D99AE",
    },
}
