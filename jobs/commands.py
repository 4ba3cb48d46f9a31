"""What `firstlight jobs` and `firstlight sweep` do."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from firstlight.archives import existing_run
from firstlight.atomic_writes import write_bytes
from firstlight.command_text import flag
from firstlight.errors import RunError
from firstlight.run_id import run_at
from firstlight.terminal_text import literal
from jobs import process
from jobs.carry_out import carry_out
from jobs.drive import check_on, drive
from jobs.job import FAILED, FINISHED, PRUNED, UNDER_WAY, Job, existing_job, job_at, jobs_in, new_job, numbered_job
from jobs.on_this_machine import Local
from jobs.plan import PAUSE, Member, Plan, archive_words, plan_of, ready_again, to_be_done_again
from jobs.status_table import batch, listed, member_row, summary
from jobs.sweep_file import plan_in

LOOK_SECONDS = 0.5
PATIENCE = 30.0  # seconds for a job to end in good order


def start(options: argparse.Namespace) -> int:
    """firstlight jobs start"""
    words = [word for word in options.words if word != "--"]
    if not words:
        raise RunError(f"Name the command, as in: firstlight jobs start{flag(options.runs)} evaluate all RUN")
    job = started(numbered_job(options.runs, [*words, *archive_words(options.runs)], turn=True))
    print(f"{job.id} is on its way; see how far it is with: firstlight jobs list {job.typed}")
    return 0


def started(job: Job) -> Job:
    """The job, with a process that carries it out when it is its turn."""
    Local().begin(job)
    return job


def show(options: argparse.Namespace) -> int:
    """firstlight jobs list, and firstlight sweep status"""
    if options.id:
        job = existing_job(options.runs, options.id)
        print(batch(job) if (job.folder / "plan.json").is_file() else listed([job]))
        return 0
    jobs = [job for job in jobs_in(options.runs) if options.all or not job.card()["of"]]
    print(listed(jobs) or f"No jobs. Start one with: firstlight jobs start{flag(options.runs)} COMMAND")
    return 0


def log(options: argparse.Namespace) -> int:
    """firstlight jobs log"""
    job = existing_job(options.runs, options.id)
    text = job.log.read_text(errors="replace") if job.log.is_file() else ""
    print("\n".join(map(literal, text.splitlines())) or f"{job.id} has said nothing yet; it is {job.state()}.")
    return 0


def cancel(options: argparse.Namespace) -> int:
    """firstlight jobs cancel, and firstlight sweep cancel"""
    job = existing_job(options.runs, options.id)
    if job.state() not in UNDER_WAY:
        print(f"{job.id} is {job.state()} already.")
        return 0
    job.ask_to_end()
    until = time.monotonic() + PATIENCE
    while job.state() in UNDER_WAY and job.process() and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
    if job.process() and job.state() in UNDER_WAY:
        process.kill(job.process())
        time.sleep(LOOK_SECONDS)
    print(f"{job.id} is {job.state()}.")
    return 0


def run(options: argparse.Namespace) -> int:
    """firstlight jobs run"""
    return carry_out(existing_job(options.runs, options.id), options.parent)


def start_sweep(options: argparse.Namespace) -> int:
    """firstlight sweep FILE.toml"""
    plan = plan_in(options.file, archive_words(options.runs))
    plan.on = check_on(options.on)
    if job_at(options.runs, plan.name).folder.exists():
        raise RunError(f"There is a sweep or job {plan.name} already; go on with it by "
                       f"`firstlight sweep resume {plan.name}{flag(options.runs)}`, or give this one another name in "
                       f"{options.file}.")  # fmt: skip
    for member in plan.members or [Member(f"{plan.name}-1", [], run=f"{plan.name}-1")]:
        if run_at(options.runs, member.run).folder.exists() or job_at(options.runs, member.id).folder.exists():
            raise RunError(f"There is a run or job {member.id} already; give the sweep another name in {options.file}.")
    print(
        f"{plan.name}: {plan.jobs} job{'s' * (plan.jobs != 1)}"
        + (f" on {plan.on}" if plan.on else ", one after another")
    )
    driver = driven(options.runs, plan)
    return follow(driver, f"firstlight sweep cancel {driver.typed}")


def evaluate_all(runs: Path, ids: Sequence[str], words: Sequence[str], on: str = "") -> int:
    """`firstlight evaluate all` of several runs with further WORDS, each in a process of its own: here, one after
    another, or on Ray."""
    check_on(on)
    for each in ids:
        existing_run(runs, each)
    driver = numbered_job(runs, [], "evaluate")
    flags = archive_words(runs)
    members = [Member(f"{driver.id}-{number}", ["evaluate", "all", each, *words, *flags], {"run": each})
               for number, each in enumerate(ids, 1)]  # fmt: skip
    driven(runs, Plan(driver.id, members, jobs=len(members), on=on), driver)
    return follow(driver, f"firstlight jobs cancel {driver.typed}")


def driven(runs: Path, plan: Plan, driver: Job | None = None) -> Job:
    """The driver of a plan, on its way."""
    words = ["sweep", "run", plan.name, *archive_words(runs)]
    if driver is None:
        driver = new_job(runs, plan.name, words)
    driver.update(words=words, turn=not plan.on)
    plan.write(driver)
    return started(driver)


def follow(driver: Job, how: str) -> int:
    """Tell each job of a batch as it ends. Returns 0 when all are finished. The batch needs no watcher.

    how: the command that ends it.
    """
    told: set[str] = set()
    try:
        while True:
            over = driver.state() not in UNDER_WAY
            plan = plan_of(driver)
            for member, job in plan.settled(driver):
                if job.id not in told and (state := job.state()) not in UNDER_WAY:
                    told.add(job.id)
                    _tell(plan, driver, member, job, state)
            if over:
                break
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        look = f"firstlight jobs list {driver.typed}"
        print(f"{driver.id} goes on without you; look at it with `{look}`, end it with: {how}", file=sys.stderr)
        return 130
    print(summary(plan, driver))
    if driver.state() == FAILED and driver.card()["message"]:
        print(f"error: {literal(driver.card()['message'])}", file=sys.stderr)
    ended = [driver.state(), *(job.state() for _, job in plan.settled(driver))]
    return 0 if set(ended) <= {FINISHED, PRUNED} else 1


def _tell(plan: Plan, driver: Job, member: Member, job: Job, state: str) -> None:
    """What became of one job; of an evaluation the figures themselves."""
    if not member.run and state == FINISHED:
        print(job.log.read_text(errors="replace").rstrip(), end="\n\n", flush=True)
    else:
        print("  ".join(filter(None, map(literal, member_row(plan, driver, member, job)))), flush=True)


def run_sweep(options: argparse.Namespace) -> int:
    """firstlight sweep run: the driver's own command"""
    driver = existing_job(options.runs, options.id)
    if driver.process().get("pid") != os.getpid():  # two drivers would begin every job twice
        raise RunError(f"This is what the process of {driver.id} does; go on with it by: firstlight sweep resume "
                       f"{driver.typed}")  # fmt: skip
    drive(driver)
    return 0


def pause(options: argparse.Namespace) -> int:
    """firstlight sweep pause"""
    driver = existing_job(options.runs, options.id)
    plan_of(driver)
    write_bytes(driver.folder / PAUSE, b"")
    how = f"firstlight sweep resume {driver.typed}"
    print(f"{driver.id} begins no further job; what runs is finished. Go on with: {how}")
    return 0


def resume(options: argparse.Namespace) -> int:
    """firstlight sweep resume"""
    driver = existing_job(options.runs, options.id)
    plan = plan_of(driver)
    (driver.folder / PAUSE).unlink(missing_ok=True)
    if driver.state() not in UNDER_WAY:
        for _, job in plan.settled(driver):
            if to_be_done_again(job):
                ready_again(job)
        if options.on is not None:
            plan.on = check_on(options.on)
            plan.write(driver)
        ready_again(driver)
        started(driver)
    return follow(driver, f"firstlight sweep cancel {driver.typed}")
