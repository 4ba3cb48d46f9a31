-- One row per run of a page of the list: those that hold every word of $words and meet every condition $keys[i] $signs[i]
-- $values[i] (=, <, > of a setting, a figure, a tag ...), by the setting or figure $order, with how many there are in all. A student's loss is of another kind than
-- others', and has no place among them.
with asked as (
    select
        unnest(coalesce($keys, []::varchar[])) as name,
        unnest(coalesce($signs, []::varchar[])) as sign,
        unnest(coalesce($values, []::varchar[])) as value,
        generate_subscripts(coalesce($keys, []::varchar[]), 1) as number
),
met as (
    select facts.run
    from facts join asked on
        facts.name = asked.name and case asked.sign
            when '=' then lower(facts.text) = lower(asked.value) or facts.number = try_cast(asked.value as double)
            when '<' then facts.number < try_cast(asked.value as double)
            when '>' then facts.number > try_cast(asked.value as double)
        end
    group by facts.run
    having count(distinct asked.number) = len(coalesce($keys, []::varchar[]))
),
ranks as (
    select run, min(number) as number, min(text) as text
    from facts
    where
        name = coalesce($order, 'started')
        and not (name like '%loss' and run in (select run from cards where coalesce(settings ->> '$.teacher', '') <> ''))
    group by run
),
told as (  -- what a run was told, where words are asked for
    select run, string_agg(text, ' ') as settings
    from facts
    where kind = 'setting' and len(coalesce($words, []::varchar[])) > 0
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
                started desc nulls last, run
        ) as place
    from cards left join ranks using (run) left join told using (run)
    where
        (len(coalesce($keys, []::varchar[])) = 0 or run in (from met))
        and (
            len(coalesce($words, []::varchar[])) = 0
            or len(list_filter(
                $words::varchar[],
                lambda word: not contains(
                    lower(concat_ws(
                        ' ', run, name, array_to_string(tags, ' '), notes, state, dataset, preset, sweep, told.settings
                    )),
                    lower(word)
                )
            )) = 0
        )
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
