"""What `firstlight dashboard` has Streamlit serve: the pages, behind the guard and the door of a class."""

import os
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboard.access import classroom
from dashboard.access.door import Door
from dashboard.access.guard import Guard
from dashboard.access.moved import Moved

classroom.begin(os.environ)
app = App(Path(__file__).parent.parent / "app.py", middleware=[Middleware(Guard), Middleware(Door), Middleware(Moved)])
