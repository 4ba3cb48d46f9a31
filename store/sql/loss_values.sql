-- One row per loss that was logged, those that are no numbers included.
select run, step, value
from metrics semi join chosen_metric(null) as loss using (run, metric)
order by run, step
