-- What is held of all runs: their cards and figures, and of each run every setting, figure and word by its name, as text and,
-- where it is one, as a number.
create table cards as from empty_cards;
create table figures as from empty_figures;
create table facts (run varchar, kind varchar, name varchar, text varchar, number double);
