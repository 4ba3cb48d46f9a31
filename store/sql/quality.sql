-- One row per quality figure: metric, class (null for all together), value, 95 % interval, number of pictures, judge.
select run, metric, label, value, low, high, n, judge
from quality
order by run, metric, label nulls first, judge
