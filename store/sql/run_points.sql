-- One row per setting, figure or word of $which that a run has, of the runs that are found (see the macro), the newest first,
-- or of those of $ids: as text and, where it is one, as a number; with how many are found.
with chosen as (
    select run, started, count(*) over () as found
    from
        found_runs(
            coalesce($words, []::varchar[]), coalesce($keys, []::varchar[]), coalesce($signs, []::varchar[]),
            coalesce($values, []::varchar[]), coalesce($shelf, 'all')
        )
        join cards using (run)
    where len(coalesce($ids, []::varchar[])) = 0 or list_contains($ids::varchar[], run)
    order by started desc nulls last, run
    limit coalesce($most, 1000)
)
select
    run, name, string_agg(distinct text, ', ' order by text) as text, any_value(number) as number,
    any_value(found) as found
from chosen join facts using (run)
where list_contains(coalesce($which, ['seed']), name)
group by run, name, started
order by started desc nulls last, run, name
