-- One row per run: the share of the process and the logSNR at which half of its samples are recognized to stay (null is never), how many
-- samples, and how many never are; each run at its own threshold, $thresholds[i] for $ids[i].
with points as (
    select run, percent_of(step, steps) as percent, logsnr
    from recognized(
        coalesce($judge, null),
        coalesce($view, 'denoised'),
        list_extract($thresholds::double[], list_position($ids::varchar[], run))
    )
    where list_contains($ids::varchar[], run)
)
select
    run, count(*) as n, count(*) filter (where percent is null) as never,
    list_extract(list(percent order by percent nulls last), (count(*) + 1) // 2) as percent,
    list_extract(list(logsnr order by percent nulls last), (count(*) + 1) // 2) as logsnr
from points
group by run
order by run
