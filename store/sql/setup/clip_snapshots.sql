-- What CLIP judges say of the pictures kept through the training of the chosen runs. The folder's name is the run.
set variable clip_snapshots_files = $files;
create or replace temp view clip_snapshots as
select run_of(filename) as run, step, epoch, label, seed, judge, template, cosine, probability, z, top
from read_parquet(getvariable('clip_snapshots_files'), filename = true);
