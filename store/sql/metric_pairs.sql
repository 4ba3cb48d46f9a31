-- One row per step at which the runs' loss, or $metric, was logged as a finite number: its value, and that of $against as
-- it was logged last before or at that step. Of a run with more than $points of them every so manieth.
with logged as (
    select run, step, value
    from metrics semi join chosen_metric(coalesce($metric, null)) as chosen using (run, metric)
    where isfinite(value)
),
others as (
    select run, step, value as against from metrics where metric = $against and isfinite(value)
)
select logged.run, logged.step, value, against
from logged asof join others on logged.run = others.run and logged.step >= others.step
qualify (row_number() over (partition by logged.run order by logged.step) - 1)
    % greatest(count(*) over (partition by logged.run) // coalesce($points, 400), 1) = 0
order by logged.run, logged.step
