-- One row per judge, view and run: what has been judged.
select run, judge, view, count(distinct sample) as samples, max(steps) as steps
from judgements
group by run, judge, view
order by run, view, judge
