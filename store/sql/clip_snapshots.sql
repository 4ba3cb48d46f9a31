-- One row per picture kept through training before one CLIP judge of a run: its three scores, and the nearest prompt's class.
select step, epoch, label, seed, cosine, probability, z, top
from clip_snapshots
where judge = $clip
order by step, label, seed
