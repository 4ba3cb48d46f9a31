-- One row per run and metric: how often it was logged, from which step to which, and whether it is the run's loss.
select
    run, metrics.metric, count(*) as points, min(step) as first_step, max(step) as last_step,
    any_value(metrics.metric = loss.metric) is true as is_loss
from metrics left join chosen_metric(null) as loss using (run)
group by run, metrics.metric
order by metrics.metric, run
