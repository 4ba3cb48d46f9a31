"""Arrays become one picture; no Streamlit."""
