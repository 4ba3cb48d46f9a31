-- One row per run, class and verdict on the finished picture: how many end as what.
select run, label, final_top, count(*) as samples, count(*) / sum(count(*)) over (partition by run, label) as share
from recognized(coalesce($judge, null), coalesce($view, 'denoised'), coalesce($threshold, 0.5))
group by run, label, final_top
order by run, label, final_top
