-- One row per figure of what a run's pictures are beside its training pictures; generated ones before real ones.
select run, metric, space, "of", label, value, low, high, n
from novelty
order by run, metric, space, "of", label nulls first
