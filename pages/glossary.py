"""What every term means, and where it is seen."""

from dashboard.app import SECTIONS
from dashboard.components import elements
from dashboard.glossary import sections

elements.title("Glossary", "What does this word mean, and where do I see it?")
sections.listed(sections.asked(), {path: title for pages in SECTIONS.values() for _, title, path in pages})
