-- One row per run: a metric as a short list of means over equal stretches of the run's whole length, oldest first.
with stretches as (
    select
        run,
        least(greatest(step - 1, 0) * coalesce($points, 32) // greatest(steps, 1), coalesce($points, 32) - 1) as stretch,
        value
    from metrics
    semi join chosen_metric(coalesce($metric, null)) as chosen using (run, metric)
    join (select run, steps from cards) using (run)
    where isfinite(value)
),
means as (
    select run, stretch, avg(value) as value from stretches group by run, stretch
)
select run, list(value order by stretch) as points
from means
group by run
order by run
