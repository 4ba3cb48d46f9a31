-- One row per sound run that a picker offers, newest first: the newest, the two that draw best (students last), the newest
-- with the tag, and those of $also; hidden and archived ones last; with how many sound runs there are.
with sound as (
    select
        run, list_contains(tags, coalesce($tag, '')) as tagged,
        row_number() over (order by shelf is not null, started desc nulls last, run) as place,
        row_number() over (
            order by
                shelf is not null, coalesce(settings ->> '$.teacher', '') <> '', accuracy desc nulls last, (state = 'finished') desc,
                started desc nulls last, run
        ) as rank
    from cards left join figures using (run)
    where state <> 'damaged'
)
select run, place, rank, coalesce(tagged, false) as tagged, (select count(*) from sound) as sound
from sound
where
    place <= coalesce($most, 1000) or rank <= 2
    or list_contains(coalesce($also, []::varchar[]), run)
    or place = (select min(place) from sound where tagged)
order by place
