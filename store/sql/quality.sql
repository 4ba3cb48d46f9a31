-- One row per quality figure: metric, class (null for all together), value, 95 % interval, number of pictures, judge,
-- and the bootstrap draws of a Fréchet distance, which two runs share.
select run, metric, label, value, low, high, n, judge, draws
from quality
order by run, metric, label nulls first, judge
