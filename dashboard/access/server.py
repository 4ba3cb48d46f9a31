"""What `firstlight dashboard` has Streamlit serve: the pages, and what stands before them."""

import gc
import os
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from dashboard.access import class_code
from dashboard.access.compression import Packed
from dashboard.access.direct_answers import DirectAnswers
from dashboard.access.door import Door
from dashboard.access.guard import Guard
from dashboard.access.index_page import IndexPage
from dashboard.access.old_addresses import Moved

gc.disable()  # until the first page is drawn, by dashboard/components/memory.py: what is imported stays
class_code.begin(os.environ)
STANDING = (Guard, Door, DirectAnswers, Moved, Packed, IndexPage)  # before Streamlit, the first one outermost
app = App(Path(__file__).parent.parent / "app.py", middleware=[Middleware(each) for each in STANDING])
