"""Frames become figures; no Streamlit."""
