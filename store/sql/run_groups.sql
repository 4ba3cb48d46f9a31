-- One row per value of a setting, a word, a tag or a sweep ($by), or per cell, the settings in which the runs differ save the
-- seed, of the runs that are found (see the macro) and have one: how many, and of a figure the mean, the least and the most,
-- and the means of each seed's runs, where every seed ran with the same settings; of a figure that is no number of some runs
-- (`never`) no mean; in which settings the group's runs differ, and all that are found.
with found as (
    from found_runs(
        coalesce($words, []::varchar[]), coalesce($keys, []::varchar[]), coalesce($signs, []::varchar[]),
        coalesce($values, []::varchar[]), coalesce($shelf, 'all')
    )
),
settled as (
    select run, name, min(text) as text
    from facts semi join found using (run)
    where (kind = 'setting' and name <> 'seed') or (kind = 'word' and name = 'dataset')
    group by run, name
),
differing as (
    select name from settled group by name having min(text) <> max(text) or count(*) < (select count(*) from found)
),
cells as (
    select run, string_agg(name || ' ' || text, ', ' order by name) as cell
    from settled semi join differing using (name)
    group by run
),
grouped as (
    select distinct run, text as value
    from facts semi join found using (run)
    where name = coalesce($by, '') and text <> ''
    union all
    select run, coalesce(cell, '') from found left join cells using (run) where coalesce($by, '') = ''
),
seeds as (
    select run, min(text) as seed from facts where name = 'seed' group by run
),
measured as (
    select run, any_value(number) as figure, any_value(number) is null as never
    from facts
    where name = coalesce($figure, 'last_loss') and (number is not null or kind = 'figure')
    group by run
),
members as (
    select value, run, coalesce(cell, '') as cell, coalesce(cards.seed::varchar, seeds.seed, run) as seed, figure, never
    from grouped
    join cards using (run) left join cells using (run) left join seeds using (run) left join measured using (run)
),
sized as (
    select
        value, count(*) as runs, count(never) as measured, count(*) filter (never) as never, min(figure) as least,
        max(figure) as most, case when count(figure) = count(never) then avg(figure) end as mean,
        count(distinct seed) filter (never is not null) as seeds,
        count(distinct cell) filter (never is not null) as cells,
        count(distinct (seed, cell)) filter (never is not null) as pairs
    from members
    group by value
),
of_seeds as (
    select value, list(figure order by seed) as seed_means
    from (select value, seed, avg(figure) as figure from members where figure is not null group by value, seed)
    group by value
),
apart as (
    select value, list(name order by name) as differs
    from (
        select value, name
        from members join settled using (run) join sized using (value)
        group by value, name, runs
        having min(text) <> max(text) or count(*) < runs
    )
    group by value
)
select
    value, runs, measured, never, mean, least, most, seeds,
    case when never = 0 and measured = pairs and measured = seeds * cells then seed_means end as seed_means, differs,
    (select list(name order by name) from differing) as apart,
    count(*) over () as found
from sized left join of_seeds using (value) left join apart using (value)
order by
    case coalesce($order, 'runs') when 'runs' then -runs when 'lowest' then mean else -mean end nulls last, value
limit coalesce($rows, 50)
offset coalesce($skipped, 0)
