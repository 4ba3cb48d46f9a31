-- One row per run that has any: its best and last loss, the step at which it diverged, and its quality.
with curve as (
    select
        run,
        min(value) filter (where metrics.metric = loss.metric and isfinite(value)) as best_loss,
        arg_max(value, step) filter (where metrics.metric = loss.metric and isfinite(value)) as last_loss,
        min(value) filter (where metrics.metric = 'validation_loss' and isfinite(value)) as best_validation_loss,
        min(step) filter (where metrics.metric = loss.metric and not isfinite(value)) as diverged_at
    from metrics left join chosen_metric(null) as loss using (run)
    where metrics.metric in (loss.metric, 'validation_loss')
    group by run
),
drawn as (
    select
        run,
        any_value(value) filter (where metric = 'accuracy') as accuracy,
        any_value(low) filter (where metric = 'accuracy') as accuracy_low,
        any_value(high) filter (where metric = 'accuracy') as accuracy_high,
        any_value(n) filter (where metric = 'accuracy') as accuracy_n,
        any_value(value) filter (where metric = 'frechet_ratio') as frechet_ratio,
        any_value(value) filter (where metric = 'cas') as cas
    from quality
    where label is null
    group by run
)
select
    run,
    best_loss, last_loss, best_validation_loss, diverged_at,
    accuracy, accuracy_low, accuracy_high, accuracy_n, frechet_ratio, cas
from curve full join drawn using (run)
order by run
