-- One row per setting $learnt, the data set among them, in which runs disagree that are found (see the macro) and have the
-- figure $figure; what is empty is not there.
with found as (
    from found_runs(
        coalesce($words, []::varchar[]), coalesce($keys, []::varchar[]), coalesce($signs, []::varchar[]),
        coalesce($values, []::varchar[]), coalesce($shelf, 'all')
    )
    semi join (select run from facts where name = coalesce($figure, 'best_loss') and number is not null) using (run)
),
settings as (
    select run, name, min(text) as text from facts where list_contains(coalesce($learnt, []::varchar[]), name) group by run, name
)
select name
from found cross join (select unnest(coalesce($learnt, []::varchar[])) as name) as asked left join settings using (run, name)
group by name
having count(distinct coalesce(text, '')) > 1
order by name
