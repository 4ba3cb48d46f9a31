-- One row per shown step of the chosen runs' curves, downsampled to what a screen can show; `smooth` is the mean over a
-- window of $smoothing optimizer steps, and a row without values stands where a value was not finite. What is shown is
-- chosen by the means of tiles as wide as the window, and the window itself is looked at there alone.
with logged as (
    select run, step, epoch, value, step // greatest(coalesce($smoothing, 0), 1) as tile
    from metrics semi join chosen_metric(coalesce($metric, null)) as chosen using (run, metric)
),
curve as (
    select * from logged where isfinite(value)
),
level as (
    select run, step, avg(value) over (partition by run, tile) as height from curve
),
shown as (
    select run, unnest(lttb(step, height, coalesce($points, 400) order by step)).x::bigint as step from level group by run
),
near as (
    select run, step, unnest(range(-1, 2)) + step // greatest(coalesce($smoothing, 0), 1) as tile from shown
),
windows as (
    select near.run, near.step, avg(value) as smooth
    from near
    join curve on
        curve.run = near.run and curve.tile = near.tile
        and abs(curve.step - near.step) <= coalesce($smoothing, 0) // 2
    group by near.run, near.step
)
select run, step, epoch, value, smooth from curve join windows using (run, step)
union all by name
select run, min(step) as step, min(epoch) as epoch, null::double as value, null::double as smooth
from logged
where not isfinite(value)
group by run
order by run, step
