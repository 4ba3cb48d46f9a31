-- The x-axes of a denoising process and an end of the 95 % Wilson interval (side -1 low, 1 high), once for all queries.
create macro percent_of(step, steps) as 100.0 * step / nullif(steps, 0);
create macro sigma_of(logsnr) as exp(-logsnr::double / 2);
create macro ou_of(logsnr) as 0.5 * ln(1 + exp(-logsnr::double));
create macro wilson(hits, n, side) as case
    when n = 0 then (1 + side) / 2.0
    when side < 0 and hits = 0 then 0.0
    when side > 0 and hits = n then 1.0
    else (hits + 1.9207294103470603 + side * 1.959963984540054 * sqrt(hits * (n - hits) / n::double + 0.9603647051735301))
        / (n + 3.8414588206941205)
end;
