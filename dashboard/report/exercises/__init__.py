"""A sheet of exercises on runs, for a class to print, and the teacher's sheet with the answers that the pages give."""
