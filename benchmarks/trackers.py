"""Other trackers, filled with the runs of an archive and asked about them: `python trackers.py NAME FOLDER`.

This file runs in an environment of its own, with the trackers' packages and none of ours. A line of JSON on standard
input asks, a line of JSON on standard output answers: how long it took, in milliseconds, and what was found. Each is
asked by the fastest call for many runs at once that its documentation has, of those tried.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOSS, SHARE, RATE = "loss", "recognized", "learning_rate"
CURVES = (LOSS, SHARE)
PROJECT = "runs"
PATIENCE = 600.0  # seconds for a server
Found = dict[str, Any]


class Tracker:
    """One of them: `fill` with runs, `start` what serves them, then the questions."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.server: subprocess.Popen[bytes] | None = None

    def serve(self, *words: str) -> None:
        """Start its server on a free port, and wait until it answers."""
        import requests

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, *words, "--port", str(self.port)]
        self.server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session, until = requests.Session(), time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.session.get(self.at("/"), timeout=5)
                return
            except requests.RequestException:
                time.sleep(0.05)
        raise RuntimeError("its server does not answer")

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        if self.server:
            self.server.terminate()
            self.server.wait()


class MLflow(Tracker):
    """Its default store, SQLite, behind `mlflow server`; asked over its REST API."""

    def fill(self, runs: list[Found]) -> None:
        """Rows of points go in many at once; everything else by its client."""
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param, RunTag
        from mlflow.store.tracking.dbmodels.models import SqlMetric
        from sqlalchemy import create_engine, insert

        address = f"sqlite:///{self.folder}/mlflow.db"
        client, engine = MlflowClient(address), create_engine(address)
        done = {each.info.run_name for each in client.search_runs(["0"], "status = 'FINISHED'", max_results=50_000)}
        for run in runs:
            if run["id"] in done:
                continue
            held = client.create_run("0", run_name=run["id"], start_time=run["started"]).info.run_id
            ends = [Metric(name, run[name][-1], 0, steps(run, name)[-1]) for name in CURVES]
            known = [Param(name, str(value)) for name, value in run["settings"].items()]
            client.log_batch(held, ends, known, [RunTag("tag", tag) for tag in run["tags"]])
            rows = [
                {"key": name, "value": value, "timestamp": 0, "run_uuid": held, "step": step, "is_nan": False}
                for name in CURVES
                for step, value in list(zip(steps(run, name), run[name], strict=True))[:-1]
            ]
            with engine.begin() as connection:
                connection.execute(insert(SqlMetric), rows)
            client.set_terminated(held)

    def start(self) -> None:
        self.serve("-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db")
        self.runs = {run["info"]["run_name"]: run["info"]["run_id"] for run in self._search()}

    def _search(self) -> list[Found]:
        question: Any = {"experiment_ids": ["0"], "max_results": 50_000}
        return list(self.session.post(self.at("/api/2.0/mlflow/runs/search"), json=question).json().get("runs", []))

    def listed(self) -> Found:
        rows = {}
        for run in self._search():
            data = run["data"]
            last = next(each["value"] for each in data["metrics"] if each["key"] == LOSS)
            rate = next(each["value"] for each in data["params"] if each["key"] == RATE)
            rows[run["info"]["run_name"]] = (last, float(rate))
        return rows

    def _history(self, run: str, metric: str) -> list[float]:
        question = {"run_id": self.runs[run], "metric_key": metric, "max_results": 25_000}
        answer = self.session.get(self.at("/api/2.0/mlflow/metrics/get-history"), params=question).json()
        return [each["value"] for each in sorted(answer["metrics"], key=lambda each: each.get("step", 0))]

    def curves(self, runs: list[str]) -> Found:
        return {run: self._history(run, LOSS) for run in runs}

    def recognition(self, run: str) -> list[float]:
        return self._history(run, SHARE)


class TensorBoard(Tracker):
    """`tensorboard`, with its fast loader, every point kept; asked over the HTTP API of its scalars and hparams."""

    def fill(self, runs: list[Found]) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.plugins.hparams import plugin_data_pb2
        from tensorboard.plugins.hparams.metadata import PLUGIN_NAME
        from tensorboard.summary.writer.record_writer import RecordWriter

        def event(step: int, value: Any) -> bytes:
            return bytes(event_pb2.Event(wall_time=step, step=step, summary=summary_pb2.Summary(value=[value]))
                         .SerializeToString())  # fmt: skip

        def scalar(name: str, value: float) -> Any:
            return summary_pb2.Summary.Value(tag=name, simple_value=value)

        for run in runs:
            folder, part = self.folder / run["id"], self.folder / ".part"
            if folder.is_dir():
                continue
            part.mkdir(parents=True, exist_ok=True)
            told = plugin_data_pb2.HParamsPluginData(version=0)
            told.session_start_info.start_time_secs = run["started"] / 1000
            for name, value in run["settings"].items():
                field = "string_value" if isinstance(value, str) else "number_value"
                setattr(told.session_start_info.hparams[name], field, value)
            plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=told.SerializeToString())
            start = summary_pb2.Summary.Value(
                tag="_hparams_/session_start_info", metadata=summary_pb2.SummaryMetadata(plugin_data=plugin)
            )
            with (part / "events.out.tfevents.1.here").open("wb") as file:
                writer = RecordWriter(file)
                writer.write(event_pb2.Event(file_version="brain.Event:2").SerializeToString())
                writer.write(event(0, start))
                for name in CURVES:
                    for step, value in zip(steps(run, name), run[name], strict=True):
                        writer.write(event(step, scalar(name, value)))
                writer.flush()
            part.rename(folder)

    def start(self) -> None:
        self.serve("-m", "tensorboard.main", "--logdir", str(self.folder), "--samples_per_plugin", "scalars=3000")
        count, until = len(list(self.folder.glob("run-*"))), time.monotonic() + PATIENCE
        while time.monotonic() < until:  # it loads in the background
            if len(self.session.get(self.at("/data/plugin/scalars/tags")).json()) >= count and self._whole():
                return
            time.sleep(0.2)
        raise RuntimeError("it has not loaded its runs")

    def _whole(self) -> bool:
        last = max(each.name for each in self.folder.glob("run-*"))
        return len(self.curves([last])[last]) >= 2000

    def listed(self) -> Found:
        question: Any = {
            "experimentName": "", "startIndex": 0, "sliceSize": 1_000_000, "allowedStatuses":
            ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
            "colParams": [{"metric": {"tag": LOSS, "group": ""}}, {"hparam": RATE}],
        }  # fmt: skip
        answer = self.session.post(self.at("/data/plugin/hparams/session_groups"), json=question).json()
        return {
            group["sessions"][0]["name"]: (group["metricValues"][0]["value"], group["hparams"][RATE])
            for group in answer["sessionGroups"]
        }

    def curves(self, runs: list[str]) -> Found:
        question = {"tag": LOSS, "runs": runs}
        answer = self.session.post(self.at("/data/plugin/scalars/scalars_multirun"), data=question).json()
        return {run: [point[2] for point in points] for run, points in answer.items()}

    def recognition(self, run: str) -> list[float]:
        question = {"tag": SHARE, "run": run}
        return [point[2] for point in self.session.get(self.at("/data/plugin/scalars/scalars"), params=question).json()]


class Trackio(Tracker):
    """Its dashboard's server over its SQLite file; asked over the API by which its own pages ask, the list by SQL."""

    def fill(self, runs: list[Found]) -> None:
        os.environ["TRACKIO_DIR"] = str(self.folder)
        from trackio.sqlite_storage import SQLiteStorage

        done = {each["name"] for each in SQLiteStorage.get_run_records(PROJECT)}
        for run in runs:
            if run["id"] in done:
                continue
            points = [{name: value} for name in CURVES for value in run[name]]
            places = [step for name in CURVES for step in steps(run, name)]
            SQLiteStorage.bulk_log(PROJECT, run["id"], points, places, config=run["settings"], run_id=run["id"])

    def start(self) -> None:
        os.environ["TRACKIO_DIR"] = str(self.folder)
        self.serve("-c", f"import sys, trackio; trackio.show({PROJECT!r}, open_browser=False, block_thread=True, "
                         "host='127.0.0.1', server_port=int(sys.argv[-1]))")  # fmt: skip

    def _ask(self, name: str, **about: Any) -> Any:
        answer = self.session.post(self.at(f"/api/{name}"), json={"project": PROJECT, **about})
        answer.raise_for_status()
        return answer.json()["data"]

    def listed(self) -> Found:
        text = "cast(metrics as text)"
        last = f"(select {text} from metrics where run_id = configs.run_id and {text} like '%loss%' order by step desc"
        query = f"select run_name, cast(config as text) as config, {last} limit 1) as last from configs"
        rows = self._ask("query_project", query=query)["rows"]
        return {row["run_name"]: (json.loads(row["last"])[LOSS], json.loads(row["config"])[RATE]) for row in rows}

    def curves(self, runs: list[str]) -> Found:
        answer = self._ask("get_logs_batch", runs=[{"run": run, "run_id": run} for run in runs])
        return {each["run"]: [point[LOSS] for point in each["logs"] if LOSS in point] for each in answer}

    def recognition(self, run: str) -> list[float]:
        return [point["value"] for point in self._ask("get_metric_values", run=run, run_id=run, metric_name=SHARE)]


def steps(run: Found, name: str) -> range:
    """The steps of a curve: the loss begins at 1, the share recognized at 0."""
    first = 1 if name == LOSS else 0
    return range(first, first + len(run[name]))


TRACKERS: dict[str, Callable[[Path], Any]] = {"MLflow": MLflow, "TensorBoard": TensorBoard, "Trackio": Trackio}


def memory(of: int = 0) -> float:
    """Resident megabytes of a process, this one if none is named, and of all that it started."""
    own, known = {of or os.getpid()}, dict[int, tuple[int, float]]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except (OSError, ValueError):
            continue
        known[int(folder.name)] = (int(told["PPid"]), int(told.get("VmRSS", "0").split()[0]) / 1024)
    before = 0
    while len(own) > before:
        before = len(own)
        own |= {each for each, (parent, _) in known.items() if parent in own}
    return sum(known[each][1] for each in own if each in known)


def answer(tracker: Any) -> int:
    """Answer until standard input ends; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            began = time.perf_counter()
            try:
                found = memory() if asked["do"] == "memory" else getattr(tracker, asked["do"])(*asked.get("about", []))
                told = {"ms": (time.perf_counter() - began) * 1000, "found": found}
            except Exception as error:
                told = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
            print(json.dumps(told), file=answers, flush=True)
    finally:
        tracker.close()
    return 0


if __name__ == "__main__":
    sys.exit(answer(TRACKERS[sys.argv[1]](Path(sys.argv[2]))))
