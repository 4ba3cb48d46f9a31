-- What is held of all runs: their cards and figures, and of each run every setting, figure and word by its name, as text and,
-- where it is one, as a number; `told` is what others worked out for this question.
create temp table cards as from empty_cards;
create temp table figures as from empty_figures;
create temp table held (run varchar, kind varchar, name varchar, text varchar, number double);
create temp view facts as from held union all from told;

-- The runs that hold every one of the words, meet every condition keys[i] signs[i] vals[i] (=, !=, <, <=, >, >= of a setting,
-- a figure, a tag ...) and stand where is asked: shown, hidden, archived, or all.
create temp macro found_runs(asked_words, asked_keys, asked_signs, asked_values, asked_shelf) as table
    with asked as (
        select
            unnest(asked_keys::varchar[]) as name, unnest(asked_signs::varchar[]) as sign,
            unnest(asked_values::varchar[]) as value, generate_subscripts(asked_keys::varchar[], 1) as number
    ),
    hits as (
        select distinct facts.run, asked.number
        from facts join asked on
            facts.name = asked.name and case
                when asked.sign in ('=', '!=') then
                    lower(facts.text) = lower(asked.value) or facts.number = try_cast(asked.value as double)
                when asked.sign = '<' then facts.number < try_cast(asked.value as double)
                when asked.sign = '<=' then facts.number <= try_cast(asked.value as double)
                when asked.sign = '>' then facts.number > try_cast(asked.value as double)
                when asked.sign = '>=' then facts.number >= try_cast(asked.value as double)
            end
    ),
    missed as (
        select distinct every.run
        from (select cards.run, asked.number, asked.sign from cards cross join asked) as every
        left join hits on hits.run = every.run and hits.number = every.number
        where (hits.run is null) <> (every.sign = '!=')
    ),
    told as (  -- what a run was told, where words are asked for
        select run, string_agg(text, ' ') as settings
        from facts
        where kind = 'setting' and len(asked_words::varchar[]) > 0
        group by run
    )
    select cards.run
    from cards left join told using (run)
    where
        cards.run not in (select run from missed)
        and (asked_shelf = 'all' or coalesce(cards.shelf, 'shown') = asked_shelf)
        and (
            len(asked_words::varchar[]) = 0
            or len(list_filter(
                asked_words::varchar[],
                lambda word: not contains(
                    lower(concat_ws(
                        ' ', run, name, array_to_string(tags, ' '), notes, state, dataset, preset, sweep, told.settings
                    )),
                    lower(word)
                )
            )) = 0
        );
