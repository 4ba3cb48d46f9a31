-- The run that a file is of: its folder's name.
create or replace temp macro run_of(file) as split_part(file, '/', -2);
