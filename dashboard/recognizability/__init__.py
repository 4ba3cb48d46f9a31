"""The page Recognizability: from which step on a judge recognizes each class, and how many never."""
