"""The page Ask: one question, one sentence with its interval and verdict, and the chart or pictures that show it."""
