"""A connection to Ray: on this machine, or to a cluster whose machines see the same archive.

In a checkout the workers find our code where the checkout lies, or, behind ray://, in a copy of its rooms that Ray
brings along; an installed Firstlight has to be installed on every machine.
"""

import os
from typing import Any

from firstlight.errors import RunError
from firstlight.extras import extras
from firstlight.installation import HOME, INSTALLED

LEFT_OUT = "/.git /.venv /runs /tests /docs /data /benchmarks /.mypy_cache /.pytest_cache /.ruff_cache"  # for no worker


def connected(address: str) -> Any:
    """Ray, connected for as long as this process lives. Raises RunError where it cannot be had.

    address: ray://HOST, or ray: the cluster that RAY_ADDRESS names, else one of this machine alone.
    """
    with extras():
        import ray
    try:
        if ray.is_initialized():
            pass
        elif address != "ray":
            ray.init(address, runtime_env=brought())
        elif "RAY_ADDRESS" in os.environ:
            ray.init(log_to_driver=False)
        else:  # "auto" would wait for minutes for a cluster that has crashed
            ray.init("local", include_dashboard=False, log_to_driver=False)
    except Exception as error:  # Ray's errors share no base class
        why = " ".join(str(error).split())[:200]
        raise RunError(f"Ray cannot be had at {address} ({why}); see whether one starts with: ray start --head"
                       ) from error  # fmt: skip
    return ray


def brought() -> dict[str, Any]:
    """What Ray brings to the machines of a cluster: the rooms of a checkout."""
    return {} if INSTALLED else {"working_dir": str(HOME), "excludes": LEFT_OUT.split()}


def places(ray: Any, cpus: float, gpus: float) -> int:
    """How many tasks with these needs run at once, as the cluster is now."""
    there = ray.cluster_resources()
    needs = [(there.get(name, 0), need) for name, need in (("CPU", cpus), ("GPU", gpus)) if need]
    return int(min((have / need for have, need in needs), default=there.get("CPU", 0)))
