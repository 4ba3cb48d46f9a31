-- One row per picture drawn with a part taken away ("none": with all in place); what the judge names it, whether it lies among
-- real pictures, and the picture itself where it was kept.
select run, part, label, seed, evaluations, top, probability, "real", image
from ablations
order by run, part, seed, label
