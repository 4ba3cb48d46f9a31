-- Every verdict of every judge, CLIP too, on the chosen runs' trajectories, and of the posterior on its chains. The folder's
-- name is the run.
set variable judgements_files = $files;
create or replace temp view judgements as
select
    run_of(filename) as run,
    sample, label, seed, step, steps, logsnr, view, judge, top, probability, entropy
from read_parquet(getvariable('judgements_files'), filename = true);

-- One row per judged sample: R is the first step from which on the judge's first choice is the class that was asked for, with
-- at least this probability, at every later step; null is never. F is the first such step, whether or not it stays so.
-- Without a judge's name, each run's first judge of that view.
create or replace temp macro recognized(judge_name, view_name, least) as table
    with hits as (
        select
            run, judge, sample, label, seed, step, steps, logsnr, top,
            coalesce(top = label and isfinite(probability) and probability >= least::float, false) as hit
        from judgements
        where view = view_name and judge = coalesce(judge_name, judge)
        qualify judge = min(judge) over (partition by run)
    ),
    ends as (
        select
            run, sample,
            coalesce(max(step) filter (where not hit), -1) as missed_step,
            arg_max(top, step) as final_top
        from hits
        group by run, sample
    )
    select
        run, any_value(judge) as judge, sample, any_value(label) as label, any_value(seed) as seed, max(steps) as steps,
        min(step) filter (where step > missed_step) as step,
        nullif(any_value(missed_step), -1) as missed_step,
        min(step) filter (where hit) as first_step,
        arg_min(logsnr, step) filter (where step > missed_step) as logsnr,
        arg_min(logsnr, step) filter (where hit) as first_logsnr,
        any_value(final_top) as final_top
    from hits join ends using (run, sample)
    group by run, sample;
