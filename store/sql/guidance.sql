-- One row per figure of a guidance law: of itself, or of what it has more than another law on the same noise.
select run, law, scale, steps, against, metric, judge, value, low, high, n
from guidance
order by run, steps nulls first, law, scale nulls first, against nulls first, metric, judge
