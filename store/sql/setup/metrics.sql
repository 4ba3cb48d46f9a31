-- Every logged value of the chosen runs; the folder's name is the run. A run's loss is what it calls so, or calls its
-- training loss, whose names are ranked, the best first; `chosen_metric` is each run's loss, or the metric of that name.
set variable metrics_files = $files;
create or replace temp view metrics as
select run_of(filename) as run, step, epoch, metric, value
from read_parquet(getvariable('metrics_files'), filename = true);
set variable loss_names = $losses;
create or replace temp macro loss_rank(metric) as list_position(getvariable('loss_names'), lower(metric));
create or replace temp macro chosen_metric(named) as table
select run, coalesce(named, arg_min(metric, loss_rank(metric))) as metric
from metrics
where named is not null or loss_rank(metric) is not null
group by run;
