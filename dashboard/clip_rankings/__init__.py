"""The page CLIP rankings: classes by CLIP score, beside what the same CLIP says of real pictures."""
