-- The finished pictures of the chosen runs that CLIP scored, as a classifier sees them. The folder's name is the run.
set variable clip_pictures_files = $files;
create or replace temp view clip_pictures as
select run_of(filename) as run, sample, label, seed, judge, top, probability, image
from read_parquet(getvariable('clip_pictures_files'), filename = true);
