-- The database remembers footers, may read the folders of the archive and nothing else, and nobody can change that.
set allowed_directories = $folders;
set parquet_metadata_cache = true;
set enable_external_access = false;
set lock_configuration = true;
