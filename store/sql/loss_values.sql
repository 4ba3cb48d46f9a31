-- One row per loss that was logged, those that are no numbers included.
select run, step, value
from metrics
where metric = 'loss'
order by run, step
