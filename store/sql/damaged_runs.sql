-- One row per damaged run with its reason, by id, the first so many; with how many there are.
select run, state, reason, count(*) over () as found
from cards
where state = 'damaged'
order by run
limit coalesce($most, 50)
