"""The driver of a batch: begins its jobs, sees how they end, does those again that were lost, and ends the hopeless."""

import time
from typing import Any

import tqdm

from firstlight.errors import RunError
from jobs.job import CANCELLED, FAILED, LOST, PRUNED, UNDER_WAY, Job
from jobs.on_this_machine import Local
from jobs.plan import ATTEMPTS, Member, Plan, paused, plan_of, ready_again
from jobs.process import kill

LOOK_SECONDS = 0.3
GRACE = 12.0  # seconds for the jobs of a batch that was cancelled; the driver itself has 20

Pairs = list[tuple[Member, Job]]


def drive(driver: Job) -> None:
    """Carry a batch out, until no job is left, or it is paused. How its jobs ended is theirs to say."""
    plan = plan_of(driver)
    engine = engine_of(plan)
    study = study_of(plan, driver)
    running = [pair for pair in plan.settled(driver) if pair[1].state() in UNDER_WAY and pair[1].process()]
    engine.open()
    with tqdm.tqdm(desc=plan.name, total=plan.jobs, unit="job") as bar:
        try:
            while running or (not paused(driver) and left(plan, driver, running)):
                running = [pair for pair in running if not _ended(*pair, engine, study)]
                if not paused(driver) and len(running) < engine.places():
                    running += _next(plan, driver, engine, study, running)
                bar.n = sum(job.state() not in UNDER_WAY for _, job in plan.settled(driver))
                bar.refresh()
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            _end_all(running)
            raise


def engine_of(plan: Plan) -> Any:
    """Where the jobs run. Nothing of Ray is imported where it is not asked for."""
    if not plan.on:
        return Local()
    from jobs.on_ray import OnRay

    return OnRay(plan.on, plan.cpus, plan.gpus)


def study_of(plan: Plan, driver: Job) -> Any:
    """Optuna's study where it has a say; None where all jobs are known and none is pruned."""
    if plan.method == "grid" and not plan.prune:
        return None
    from jobs.study import Study

    return Study(plan, driver)


def left(plan: Plan, driver: Job, running: Pairs) -> bool:
    """Whether a job is still to be begun."""
    return len(plan.members) < plan.jobs or _waiting(plan, driver, running) is not None


def _waiting(plan: Plan, driver: Job, running: Pairs) -> Member | None:
    """The first member that has not ended and has no process."""
    ids = {member.id for member, _ in running}
    settled = {member.id: job for member, job in plan.settled(driver)}
    for member in plan.members:
        if member.id not in ids and (member.id not in settled or settled[member.id].state() in (*UNDER_WAY, LOST)):
            return member
    return None


def _next(plan: Plan, driver: Job, engine: Any, study: Any, running: Pairs) -> Pairs:
    """Begin one more job, where there is one."""
    member = _waiting(plan, driver, running)
    if member is None and len(plan.members) < plan.jobs:
        member = study.member()
        plan.members.append(member)
        plan.write(driver)
    if member is None:
        return []
    if study is not None and member.trial is None:
        member.trial = study.trial()
        plan.write(driver)
    job = plan.job(driver, member)
    if job.state() == LOST and not _again(job):
        return []
    engine.begin(job)
    return [(member, job)]


def _ended(member: Member, job: Job, engine: Any, study: Any) -> bool:
    """Whether a job that was begun runs no more; one that was lost is done again."""
    state = job.state()
    if state == LOST or (state in UNDER_WAY and engine.gone(job)):
        if _again(job):
            engine.begin(job)
            return False
        state = FAILED
    if state in UNDER_WAY:
        if study is not None and not job.mark.exists() and study.hopeless(member):
            job.ask_to_end(PRUNED)
        return False
    if study is not None and state != CANCELLED:
        study.tell(member, state)
    return True


def _again(job: Job) -> bool:
    """Make a lost job wait for another process, unless it was lost too often."""
    attempt = job.card()["attempt"]
    if attempt < ATTEMPTS:
        ready_again(job)
        return True
    job.update(state=FAILED, message=f"Its process was lost {attempt} times; see why with: "
                                     f"firstlight jobs log {job.typed}")  # fmt: skip
    return False


def _end_all(running: Pairs) -> None:
    """Cancel the jobs that run, in good order where they are quick enough."""
    for _, job in running:
        job.ask_to_end()
    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(job.process() and job.state() in UNDER_WAY for _, job in running):
        time.sleep(LOOK_SECONDS)
    for _, job in running:
        kill(job.process())


def check_on(on: str) -> str:
    """Where jobs shall run. Raises RunError for what is no such place."""
    if on and on != "ray" and not on.startswith("ray://"):
        raise RunError(f"Jobs run here, one after another, or --on ray, or --on ray://HOST:10001; not on {on!r}.")
    return on
