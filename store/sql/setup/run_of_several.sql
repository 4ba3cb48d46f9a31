-- The run that a file is of where several archives are shown: what its folder is called there, else the folder's name.
set variable run_names = map($folders::varchar[], $names::varchar[]);
create or replace temp macro run_of(file) as
    coalesce(getvariable('run_names')[regexp_replace(file, '/[^/]*$', '')], split_part(file, '/', -2));
