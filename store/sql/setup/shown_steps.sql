-- The steps of each run's `heights` that show how they go, at most so many.
select run, unnest(lttb(step, height, $points order by step)).x::bigint as step from heights group by run
