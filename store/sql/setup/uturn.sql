-- Every real picture that the chosen runs noised and denoised. The folder's name is the run.
set variable uturn_files = $files;
create or replace temp view uturn as
select run_of(filename) as run, picture, label, logsnr, top, conditional, change
from read_parquet(getvariable('uturn_files'), filename = true, union_by_name = true);
