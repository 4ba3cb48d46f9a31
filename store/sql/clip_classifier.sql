-- One row per finished picture that CLIP scored, as a classifier sees it: its first choice, and what it gives the asked class.
select sample, label, seed, judge, top, probability
from clip_pictures
where judge is not null
order by sample
