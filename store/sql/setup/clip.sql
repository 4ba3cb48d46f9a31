-- What CLIP judges say of the chosen runs' finished pictures. The folder's name is the run.
set variable clip_files = $files;
create or replace temp view clip as
select run_of(filename) as run, sample, label, seed, judge, template, cosine, probability, z, top
from read_parquet(getvariable('clip_files'), filename = true);
