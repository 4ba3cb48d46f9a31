"""The parts of the page Recognizability."""
