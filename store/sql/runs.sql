-- One row per run, newest first, damaged ones included: its card and its figures.
select
    cards.*,
    best_loss, last_loss, best_validation_loss, diverged_at,
    accuracy, accuracy_low, accuracy_high, accuracy_n, frechet_ratio, cas,
    case when state = 'running' and step > 0 and steps > step then seconds / step * (steps - step) end as seconds_left
from cards
left join figures using (run)
order by started desc nulls last, run
