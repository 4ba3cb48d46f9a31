-- One row per finished picture before one CLIP judge and prompt template of a run: its three scores, and the nearest prompt's class.
select sample, label, seed, cosine, probability, z, top
from clip
where judge = $clip and template = $template
order by sample
