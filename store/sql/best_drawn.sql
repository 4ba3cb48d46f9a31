-- One row, of the runs that are found (see the macro): how many are sound and how many scored, the run whose pictures are most
-- often of the class asked for, and the highest upper end of any other's interval. None where none is found.
with sound as (
    select cards.run, started, accuracy, accuracy_low, accuracy_high, accuracy_n
    from
        found_runs(
            coalesce($words, []::varchar[]), coalesce($keys, []::varchar[]), coalesce($signs, []::varchar[]),
            coalesce($values, []::varchar[]), coalesce($shelf, 'all')
        )
        join cards using (run) left join figures using (run)
    where state <> 'damaged'
),
best as (
    select * from sound where accuracy is not null order by accuracy desc, started desc nulls last, run limit 1
)
select
    count(*) as sound, count(sound.accuracy) as scored, any_value(best.run) as run,
    any_value(best.accuracy) as accuracy, any_value(best.accuracy_low) as accuracy_low,
    any_value(best.accuracy_high) as accuracy_high, any_value(best.accuracy_n) as accuracy_n,
    max(sound.accuracy_high) filter (where sound.run <> best.run) as others_high
from sound left join best on true
having count(*) > 0
