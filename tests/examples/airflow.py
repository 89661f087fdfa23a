"""As much of Airflow as the example's DAG uses, against whatever account boto3 talks to.

Airflow itself is some hundred packages and a database, too much for this. Names, arguments and the shapes of what is
handed on are those of its documentation: a DAG's body only describes, and results are there once it has run.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import boto3


class AirflowFailException(Exception):  # noqa: N818 - Airflow's name
    """Fails a task at once, without its retries."""


class Result:
    """What a task will have handed on (an ``XComArg``); each task runs once."""

    def __init__(self, task_id: str, run: Callable[[], Any]) -> None:
        self.task_id, self._run = task_id, run
        self._done: list[Any] = []

    def __getitem__(self, key: str) -> Result:
        return Result(self.task_id, lambda: self.get()[key])

    def get(self) -> Any:
        if not self._done:
            self._done.append(self._run())
        return self._done[0]


def told(value: Any) -> Any:
    return value.get() if isinstance(value, Result) else value


class Dags:
    """The modules that a DAG's file imports, and what it described."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables, self.results = variables, dict[str, Result]()

    def run(self, file: Path) -> dict[str, Any]:
        """What each task of the file's DAG handed on."""
        self.parse(file)
        return {name: result.get() for name, result in self.results.items()}

    def parse(self, file: Path) -> None:
        with mock.patch.dict(sys.modules, self._modules()):
            runpy.run_path(str(file))

    def _described(self, task_id: str, run: Callable[[], Any]) -> Result:
        assert task_id not in self.results
        self.results[task_id] = Result(task_id, run)
        return self.results[task_id]

    def _modules(self) -> dict[str, ModuleType]:
        amazon = "airflow.providers.amazon.aws"
        contents: dict[str, dict[str, Any]] = {
            "airflow.decorators": {"dag": self._dag, "task": self._task},
            "airflow.exceptions": {"AirflowFailException": AirflowFailException},
            f"{amazon}.hooks.s3": {"S3Hook": S3Hook},
            f"{amazon}.sensors.sqs": {"SqsSensor": self._sensor},
        }
        modules: dict[str, ModuleType] = {}
        for name, content in contents.items():
            modules[name] = ModuleType(name)
            vars(modules[name]).update(content)
            packages = name.split(".")[:-1]
            for depth in range(len(packages)):
                package = ".".join(packages[: depth + 1])
                modules.setdefault(package, ModuleType(package))
        return modules

    def _dag(self, *, schedule: str, start_date: Any, catchup: bool, max_active_runs: int) -> Any:
        return lambda body: body

    def _task(self, function: Callable[..., Any]) -> Any:
        name = function.__name__

        @wraps(function)
        def called(*args: Any) -> Result:
            return self._described(name, lambda: function(*map(told, args)))

        def expand(**mapped: Any) -> Result:
            ((argument, values),) = mapped.items()
            return self._described(name, lambda: [function(**{argument: one}) for one in told(values)])

        vars(called)["expand"] = expand
        return called

    def _sensor(self, *, task_id: str, sqs_queue: str, max_messages: int, mode: str, timeout: float) -> Any:
        def poke() -> dict[str, Any]:
            url = re.sub(r"{{ var\.value\.(\w+) }}", lambda found: self.variables[found[1]], sqs_queue)
            sqs = boto3.client("sqs")
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=max_messages).get("Messages", [])
            assert messages, "nothing has finished: the sensor would wait"
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return {"messages": messages}

        sensor = ModuleType(task_id)
        vars(sensor)["output"] = self._described(task_id, poke)
        return sensor


class S3Hook:
    """Reads objects."""

    @staticmethod
    def parse_s3_url(s3url: str) -> tuple[str, str]:
        bucket, _, key = s3url.removeprefix("s3://").partition("/")
        return bucket, key

    def read_key(self, key: str, bucket_name: str | None = None) -> str:
        return str(boto3.client("s3").get_object(Bucket=bucket_name, Key=key)["Body"].read().decode())
