"""What Optuna decides: the settings of a sweep's next job, and which job is hopeless.

Its study lies in the driver's folder, so that whoever goes on with a sweep knows all that was tried.
"""

from typing import Any

from firstlight.extras import extras
from firstlight.run_folder import Run
from firstlight.run_id import run_at
from jobs.job import FINISHED, PRUNED, Job
from jobs.metric import last, values
from jobs.plan import Member, Plan
from jobs.sweep_file import member_of

SAMPLERS = {"random": "RandomSampler", "tpe": "TPESampler", "gp": "GPSampler"}


class Study:
    """Optuna's study of one sweep."""

    def __init__(self, plan: Plan, driver: Job) -> None:
        with extras():
            import optuna
            from optuna.storages import JournalStorage
            from optuna.storages.journal import JournalFileBackend
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = len(plan.members)  # who goes on with a sweep does not draw its first settings again
        sampler = getattr(optuna.samplers, SAMPLERS[plan.method])(seed=seed) if plan.method in SAMPLERS else None
        self.optuna: Any = optuna
        self.plan, self.driver = plan, driver
        self.study: Any = self.optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(driver.folder / "optuna.log"))),
            study_name=plan.name,
            load_if_exists=True,
            sampler=sampler,
            pruner=pruner_of(optuna, plan.prune),
            direction=plan.metric["goal"],
        )
        self.reported: dict[int, int] = {}  # trial -> the last step that was told

    def member(self) -> Member:
        """A job with settings that the sampler draws."""
        trial = self.study.ask({name: self._distribution(value) for name, value in self.plan.parameters.items()})
        member = member_of(self.plan, len(self.plan.members) + 1, dict(trial.params))
        member.trial = trial.number
        return member

    def trial(self) -> int:
        """A trial for a job whose settings are known."""
        return int(self.study.ask().number)

    def hopeless(self, member: Member) -> bool:
        """Whether the rule of pruning gives a job up by what its run has logged."""
        if not self.plan.prune or member.trial is None:
            return False
        held = self.study.get_trials(deepcopy=False)[member.trial]
        trial = self.optuna.trial.Trial(self.study, held._trial_id)
        for step, value in values(self._run(member), self.plan.metric["name"]):
            if step > self.reported.get(member.trial, -1):
                self.reported[member.trial] = step
                if step not in held.intermediate_values:
                    trial.report(value, step)
                if trial.should_prune():
                    return True
        return False

    def tell(self, member: Member, state: str) -> None:
        """How a job ended."""
        states = self.optuna.trial.TrialState
        value = last(self._run(member), self.plan.metric["name"]) if state == FINISHED else None
        ended = states.PRUNED if state == PRUNED else states.COMPLETE if value is not None else states.FAIL
        self.study.tell(member.trial, value, state=ended, skip_if_finished=True)

    def _run(self, member: Member) -> Run:
        return run_at(self.driver.runs, member.run)

    def _distribution(self, value: Any) -> Any:
        made = self.optuna.distributions
        if isinstance(value, list):
            return made.CategoricalDistribution(value)
        whole = isinstance(value["low"], int) and isinstance(value["high"], int)
        kind = made.IntDistribution if whole else made.FloatDistribution
        return kind(value["low"], value["high"], log=bool(value.get("log")))


def pruner_of(optuna: Any, prune: dict[str, Any]) -> Any:
    """Optuna's rule of pruning; one that gives up nothing where none is asked for."""
    if not prune:
        return optuna.pruners.NopPruner()
    if prune["rule"] == "halving":
        return optuna.pruners.SuccessiveHalvingPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=prune["startup"], n_warmup_steps=prune["warmup"])
