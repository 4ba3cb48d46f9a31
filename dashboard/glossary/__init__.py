"""The page Glossary: what every term means, and where it is seen."""
