"""What Firstlight is, and where one begins."""

from dashboard.components import elements
from dashboard.start import sections

elements.title("Firstlight", "What is this, and where do I begin?")
sections.words()
sections.picture()
sections.ways()
sections.here()
