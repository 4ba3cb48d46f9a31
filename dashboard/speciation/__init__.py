"""The page Speciation: when the class is decided, an experiment a tab, theory beside each."""
