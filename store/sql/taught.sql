-- One row per run whose pictures taught a classifier, from the one that teaches least to the one that teaches best: of each
-- kind of pictures the best run, and $also where its pictures taught one; its card and figures.
select cards.*, figures.* exclude (run)
from cards join figures using (run)
where cas is not null and state <> 'damaged'
qualify
    row_number() over (partition by dataset, size, channels, len(classes) order by cas desc, started, run desc) = 1
    or cards.run = coalesce($also, '')
order by cas, started desc nulls last, run
