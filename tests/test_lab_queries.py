"""The lab's queries against counting by hand, and against what was planted in the tables."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from archive_fixture import write_run
from lab_fixture import CENTRES, DECISION, SPECIATION, SWAP, levels, phi, write_lab

from dashboard import axes
from dashboard.speciation import label_swap, uturn
from evaluator.experiments.label_swap import figures
from evaluator.experiments.posterior import fastest
from evaluator.theory.speciation import crossing
from store.database import Archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    root = tmp_path_factory.mktemp("runs")
    write_lab(root, "lab", seeds=60)
    write_run(root, "bare")
    return Archive(root)


def test_pairs_that_end_alike_are_counted_at_every_level(archive: Archive) -> None:
    frame = archive.ask("speciation", run="lab")
    rows = pq.read_table(archive.entry("lab").run.speciation).to_pandas()
    for row in frame.itertuples():
        part = rows[rows["level"] == row.level]
        assert row.n == len(part) == 60 and row.same == (part["first"] == part["second"]).sum()
        assert row.low <= row.share <= row.high
    inside = (frame["low"] <= phi(frame["logsnr"].to_numpy())) & (phi(frame["logsnr"].to_numpy()) <= frame["high"])
    assert inside.sum() >= 11  # of 13 intervals; three misses have a chance of 2.5 %


def test_u_turns_are_counted_per_class_and_together(archive: Archive) -> None:
    frame = archive.ask("uturn", run="lab")
    whole, each = frame[frame["label"].isna()], frame[frame["label"].notna()]
    assert len(whole) == 11 and len(each) == 110
    assert (whole["kept"].to_numpy() == each.groupby("logsnr")["kept"].sum().to_numpy()).all()
    heads, rows = uturn.table(frame, [str(digit) for digit in range(10)])
    assert heads[1] == "kept at logSNR +4, % [95 %]" and heads[2].startswith("kept at logSNR −6")
    kept = [float(cell.split()[0]) for cell in rows[0][1:3]]
    assert rows[0][0] == "all" and len(rows) == 11 and kept[0] > 95 and kept[1] < 15
    assert uturn.table(frame[frame["logsnr"] < 3], ["0"])[1][0][1] == "not tried"


def test_a_changed_label_wins_until_the_planted_level(archive: Archive) -> None:
    summary = label_swap.by_step(archive.ask("swap", run="lab"), archive.ask("swap_seeds", run="lab"))
    assert (summary["n"] == 90 * 8).all() and summary["other_share"].abs().max() < 1e-12
    assert summary["share"].iloc[0] > 0.99 and summary["share"].iloc[-1] < 0.01
    table = pq.read_table(archive.entry("lab").run.swap)  # the same interval as the command's, clustered on the seed
    told = [row["becomes"] for row in figures("lab", table)["swaps"] if row["step"] in set(summary["step"])]
    ends_of = summary[["low", "high"]].to_numpy()
    assert np.allclose(ends_of, [[each["low"], each["high"]] for each in told], atol=1e-6)
    assert (ends_of[:, 1] - ends_of[:, 0] > 0).any()
    ends = archive.ask("swap_ends", run="lab")
    assert len(ends) == summary["n"].sum() and ends["stays"].sum() == summary["stays"].sum()
    step = np.diff(levels(20)[:-1]).max() * 2  # labels were changed at every second step
    even = crossing(ends["logsnr"].to_numpy(), ends["stays"].to_numpy(), ends["seed"].to_numpy(), share=0.5)
    assert even.value == pytest.approx(SWAP, abs=step / 2)


def test_the_classifier_and_the_posterior_are_averaged(archive: Archive) -> None:
    frame = archive.ask("classifier", run="lab")
    assert frame[frame["label"].isna()][["hits", "n"]].values.tolist() == [[990, 1000]]
    entropy = archive.ask("posterior_entropy", run="lab")
    rows = pq.read_table(archive.entry("lab").run.posterior).to_pandas()
    wanted = rows.groupby("step")["entropy"].mean()
    found = entropy[entropy["label"].isna()].set_index("step")["entropy"]
    assert np.abs(found - wanted).max() < 1e-5  # they are single precision
    seeds = archive.ask("posterior_seeds", run="lab")
    assert len(seeds) == 60 * 21 and (seeds["n"] == 10).all()
    table = seeds.pivot_table(index="seed", columns="step", values="entropy")
    peak = fastest(levels(20), table.to_numpy(), table.index.to_numpy())
    assert peak.value == pytest.approx(DECISION, abs=np.diff(levels(20)[:-1]).max() / 2)


def test_the_judged_frames_are_all_of_one_view(archive: Archive) -> None:
    frame = archive.ask("judged_frames", run="lab", judge="posterior", view="ancestral")
    assert len(frame) == 10 * 60 * 21
    last = frame[(frame["step"] == 20) & (frame["label"] == 0)]
    assert (last["top"] == 0).mean() > 0.9 and CENTRES[0] < 20


@pytest.mark.parametrize("query", ["speciation", "uturn", "swap", "classifier", "posterior_entropy"])
def test_a_run_without_the_experiment_has_no_rows(archive: Archive, query: str) -> None:
    assert archive.ask(query, run="bare").empty


def test_a_level_outside_the_schedule_has_no_place_in_per_cent(archive: Archive) -> None:
    run = archive.ask("runs").set_index("run", drop=False).loc["lab"]
    assert np.isnan(axes.percent_at(run, -13.0))
    assert axes.percent_at(run, -12.0) == 0 and axes.percent_at(run, levels(20)[7]) == pytest.approx(35)
    assert axes.percent_at(run, SPECIATION) == pytest.approx(100 / 20 * (SPECIATION + 12) / (21 / 19))
