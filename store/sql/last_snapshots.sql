-- One row per run and class: the last picture kept in training, of the smallest noise seed.
select run, label, arg_max(step, (step, -seed)) as step, arg_max(seed, (step, -seed)) as seed, arg_max(image, (step, -seed)) as image
from snapshots
group by run, label
order by run, label
