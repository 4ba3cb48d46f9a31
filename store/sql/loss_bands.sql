-- One row per group of runs and stretch of training: the mean of the runs' losses, smoothed over $smoothing optimizer steps,
-- with the lowest and highest of them; run $ids[i] belongs to group $names[i].
with curve as (
    select
        run, list_extract($names::varchar[], list_position($ids::varchar[], run)) as name, step, epoch,
        avg(value) over (
            partition by run order by step
            range between coalesce($smoothing, 0) // 2 preceding and coalesce($smoothing, 0) // 2 following
        ) as smooth
    from metrics semi join chosen_metric(coalesce($metric, null)) as chosen using (run, metric)
    where isfinite(value) and list_contains($ids::varchar[], run)
),
wide as (
    select name, greatest(max(step) // coalesce($points, 250), 1) as width from curve group by name
),
stretches as (
    select name, run, step // width as stretch, avg(step) as step, avg(epoch) as epoch, avg(smooth) as smooth
    from curve join wide using (name)
    group by all
)
select
    name, avg(step) as step, avg(epoch) as epoch, avg(smooth) as value, min(smooth) as low, max(smooth) as high,
    count(*) as n
from stretches
group by name, stretch
order by name, step
