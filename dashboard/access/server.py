"""What `firstlight dashboard` has Streamlit serve: the pages, behind the guard."""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboard.access.guard import Guard
from dashboard.access.moved import Moved

app = App(Path(__file__).parent.parent / "app.py", middleware=[Middleware(Guard), Middleware(Moved)])
