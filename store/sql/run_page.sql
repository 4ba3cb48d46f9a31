-- One row per run of a page of the list: those that are found (see the macro), by the setting or figure $order, with how many
-- there are in all. A student's loss is of another kind than others', and has no place among them. Of equal runs the newest
-- is first, or by id where others worked the figure out.
with ranks as (
    select run, min(number) as number, min(text) as text
    from facts
    where
        name = coalesce($order, 'started')
        and not (name like '%loss' and run in (select run from cards where coalesce(settings ->> '$.teacher', '') <> ''))
    group by run
),
page as (
    select
        run, count(*) over () as found,
        row_number() over (
            order by
                case when coalesce($falling, true) then ranks.number end desc nulls last,
                ranks.number asc nulls last,
                case when coalesce($falling, true) then ranks.text end desc nulls last,
                ranks.text asc nulls last,
                case when coalesce($order, 'started') in (select name from told) then run end,
                started desc nulls last, run
        ) as place
    from
        found_runs(
            coalesce($words, []::varchar[]), coalesce($keys, []::varchar[]), coalesce($signs, []::varchar[]),
            coalesce($values, []::varchar[]), coalesce($shelf, 'all')
        )
        join cards using (run) left join ranks using (run)
    order by place
    limit coalesce($rows, 50)
    offset coalesce($skipped, 0)
)
select
    cards.*, figures.* exclude (run),
    case when state = 'running' and step > 0 and steps > step then seconds / step * (steps - step) end as seconds_left,
    found
from page join cards using (run) left join figures using (run)
order by place
