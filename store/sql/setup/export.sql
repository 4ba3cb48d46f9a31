-- The views as tables of the file that is open.
create table cards as from temp.cards;
create table metrics as from temp.metrics;
create table snapshots as from temp.snapshots;
create table trajectories as from temp.trajectories;
create table judgements as from temp.judgements;
create table quality as from temp.quality;
create table speciation as from temp.speciation;
create table uturn as from temp.uturn;
create table swap as from temp.swap;
create table classifier as from temp.classifier;
create table ablations as from temp.ablations;
create table clip as from temp.clip;
create table clip_real as from temp.clip_real;
create table clip_pictures as from temp.clip_pictures;
create table clip_snapshots as from temp.clip_snapshots;
create table solver_steps as from temp.solver_steps;
