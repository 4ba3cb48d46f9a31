-- Runs that came, changed ($changed) or went: what was held of them goes, and what is known now comes.
delete from cards where run in (select unnest($changed));
delete from figures where run in (select unnest($changed));
delete from held where run in (select unnest($changed));
insert into cards from new_cards;
insert into figures from new_figures;
insert into held
with settings as (
    select run, entry.key as name, entry.value ->> '$' as text from new_cards, json_each(settings) as entry
),
words as (
    unpivot (select run, nullif(name, '') as name, state, dataset, preset, device, sweep, shelf, id: run from new_cards)
    on id, name, state, dataset, preset, device, sweep, shelf
    into name name value text
),
numbers as (
    unpivot (
        select
            run, seconds, epoch, step: step::double, parameters: parameters::double, pictures: pictures::double,
            started: epoch(started)
        from new_cards
    )
    on seconds, epoch, step, parameters, pictures, started
    into name name value number
),
measured as (
    unpivot new_figures on columns(* exclude run)::double into name name value number
)
select run, 'setting', name, text, try_cast(text as double) from settings where text is not null
union all select run, 'word', name, text, null from words
union all select run, 'word', 'tag', unnest(tags), null from new_cards
union all select run, 'number', name, number::varchar, number from numbers
union all select run, 'figure', name, number::varchar, number from measured;
