-- What the CLIP judges of the chosen runs say of real test pictures. The folder's name is the run.
set variable clip_real_files = $files;
create or replace temp view clip_real as
select
    run_of(filename) as run, judge, template, label, n, recall, recall_low, recall_high,
    cosine, cosine_low, cosine_high, cosine_sd, probability, probability_low, probability_high, probability_sd, in_domain
from read_parquet(getvariable('clip_real_files'), filename = true);
