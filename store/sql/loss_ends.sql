-- One row per run: its loss, or $metric, as it was logged first and on average over the last hundredth of the steps, with
-- where each is; and the first step at which it was no finite number. No smoothing that is chosen for a curve changes it.
with logged as (
    select run, step, epoch, value
    from metrics semi join chosen_metric(coalesce($metric, null)) as chosen using (run, metric)
),
ends as (
    select
        run, min(step) filter (isfinite(value)) as first_step, max(step) filter (isfinite(value)) as step,
        max(epoch) filter (isfinite(value)) as epoch, arg_min(value, step) filter (isfinite(value)) as first,
        min(step) filter (not isfinite(value)) as broken
    from logged
    group by run
)
select
    ends.run, first_step, ends.step, ends.epoch, first, broken, avg(value) as last,
    greatest((ends.step - first_step) // 100, 1) as stretch
from ends
left join logged on
    logged.run = ends.run and isfinite(value) and logged.step > ends.step - greatest((ends.step - first_step) // 100, 1)
group by all
