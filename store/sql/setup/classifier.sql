-- Every real picture that the chosen runs' denoisers classified. The folder's name is the run.
set variable classifier_files = $files;
create or replace temp view classifier as
select run_of(filename) as run, picture, label, top, draws, probability
from read_parquet(getvariable('classifier_files'), filename = true);
