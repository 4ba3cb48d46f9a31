-- One row per run and metric: how often it was logged, and from which step to which.
select run, metric, count(*) as points, min(step) as first_step, max(step) as last_step
from metrics
group by run, metric
order by metric, run
