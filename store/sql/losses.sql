-- One row per shown step of the chosen runs' curves, downsampled to what a screen can show; `smooth` is the mean over a
-- window of $smoothing optimizer steps, and a row without values stands where a value was not finite.
with curve as (
    select
        run, step, epoch, value,
        avg(value) over (
            partition by run order by step
            range between coalesce($smoothing, 0) // 2 preceding and coalesce($smoothing, 0) // 2 following
        ) as smooth
    from metrics
    where metric = coalesce($metric, 'loss') and isfinite(value)
),
shown as (
    select run, unnest(lttb(step, smooth, coalesce($points, 400) order by step)).x as step
    from curve
    group by run
),
gaps as (
    select run, min(step) as step, min(epoch) as epoch
    from metrics
    where metric = coalesce($metric, 'loss') and not isfinite(value)
    group by run
)
select run, step::bigint as step, epoch, value, smooth from curve semi join shown using (run, step)
union all by name
select run, step, epoch, null::double as value, null::double as smooth from gaps
order by run, step
