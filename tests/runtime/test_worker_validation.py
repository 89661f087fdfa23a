"""A worker whose model answers nonsense: everything is written and marked, counted and told, and no job ends for it."""

import json
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from headway_runtime.report import read_part, read_probes
from headway_runtime.settings import JOB_PROBES
from tests.runtime.stand import Stand, eventually, stand, terminate

DOCUMENT = {
    "schema": {"type": "object", "properties": {"twice": {"type": "integer", "minimum": 0}}, "required": ["twice"]},
    "confidence": {"field": "sure", "least": 0.5},
    "probes": [{"body": {"n": n}, "expect": {"twice": 2 * n}} for n in (101, 102, 103)],
}
KEY = "runtime/validation.json"


def declare(here: Stand, document: Any = DOCUMENT) -> dict[str, Any]:
    """Put what to check for where a component puts it; the settings that name it."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    here.s3.put_object(Bucket="results", Key=KEY, Body=content)
    return {"validation": f"s3://results/{KEY}", "probe_s": 0.1}


def lines(worker: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert worker.wait(timeout=20) == 0
    return [json.loads(line) for line in worker.stdout or ""]


def metric(told: list[dict[str, Any]], name: str) -> list[float]:
    """All values of a metric."""
    found = [line[name] for line in told if "_aws" in line and name in line]
    return [value for one in found for value in (one if isinstance(one, list) else [one])]


def good(body: Any) -> Any:
    return {"twice": 2 * body["n"], "sure": 0.9}


def keys(here: Stand) -> list[str]:
    prefix = "departures/fleet/20260603T1200Z/parts/"
    return [row["Key"] for row in here.s3.list_objects_v2(Bucket="results", Prefix=prefix)["Contents"]]


def test_a_good_model_passes_its_probes_and_is_doubted_in_nothing() -> None:
    with stand(batch=4) as here:
        here.model.answer = good
        here.send(5)
        told = lines(here.start(**declare(here)))
        assert metric(told, "FailedProbes") == [0]
        assert metric(told, "Doubtful") == metric(told, "SchemaBreaks") == [0] * 5
        assert here.model.batches[:2] == [3, 4], "the probes came first"
        assert all("doubts" not in one for one in here.results().values())
        assert set(here.results()) == {f"r{n}" for n in range(1, 6)}, "a probe's answer is nobody's result"
        assert [probes for key in keys(here) if (probes := read_probes(key))] == [(3, 0)]


def test_a_model_that_answers_nonsense_is_marked_counted_and_told_and_every_result_is_written() -> None:
    with stand(batch=4) as here:
        here.model.answer = lambda body: {1: good(body), 2: {"twice": "x"}, 3: None, 4: {"twice": 8, "sure": 0.1}}.get(
            body["n"], "lorem ipsum"
        )
        here.send(5)
        told = lines(here.start(**declare(here)))
        results = here.results()
        assert {one: [doubt["kind"] for doubt in results[one].get("doubts", [])] for one in sorted(results)} == {
            "r1": [], "r2": ["schema", "unsure"], "r3": ["schema", "empty"], "r4": ["unsure"], "r5": ["schema", "unsure"]
        }  # fmt: skip
        assert results["r2"]["output"] == {"twice": "x"}
        assert results["r2"]["doubts"][0]["why"] == "output.twice must be integer"
        assert here.depth() == here.depth(here.dead_url) == (0, 0), "nothing was thrown away, nothing tried again"
        assert sorted(metric(told, "Doubtful")) == [0, 1, 1, 1, 1]
        assert sorted(metric(told, "SchemaBreaks")) == [0, 0, 1, 1, 1]
        assert metric(told, "FailedProbes") == [3]
        (finished,) = [line for line in told if line.get("worker") == "finished"]
        assert (finished["written"], finished["doubtful"]) == (5, 4)
        parts = [part for key in keys(here) if (part := read_part(key))]
        assert [sum(column) for column in zip(*(part[1:] for part in parts), strict=True)] == [5, 0, 4]
        (probed,) = [key for key in keys(here) if read_probes(key)]
        rows = [json.loads(row) for row in here.s3.get_object(Bucket="results", Key=probed)["Body"].read().splitlines()]
        assert rows[0] == {"probe": 0, "status": "failed", "error": "output must be object"}


def test_a_model_that_refuses_the_probes_still_serves() -> None:
    with stand(batch=4) as here:
        here.model.answer = good
        here.send(3)
        document = {**DOCUMENT, "probes": [{"body": {"poison": True}, "expect": {"twice": 1}}, *DOCUMENT["probes"]]}  # type: ignore[misc]
        told = lines(here.start(**declare(here, document)))
        assert metric(told, "FailedProbes") == [1]
        assert len(here.results()) == 3


def test_a_model_that_hangs_in_a_probe_delays_the_worker_by_a_bounded_time() -> None:
    with stand(batch=4) as here:
        waiting = [True]

        def answer(body: Any) -> Any:
            if body["n"] > 100 and waiting:
                waiting.clear()
                time.sleep(4)
            return good(body)

        here.model.answer = answer
        here.send(2)
        document = declare(here)
        code = "import headway_runtime.settings as s, headway_runtime.worker as w, sys; s.WARM_UP_S = 0.2; sys.exit(w.main())"
        told = lines(here.start(code=code, **document))
        assert metric(told, "FailedProbes") == [3]
        assert len(here.results()) == 2


def test_without_anything_to_check_for_every_answer_is_doubtful_and_delivered() -> None:
    with stand() as here:
        here.send(2)
        told = lines(here.start(validation="s3://results/runtime/gone.json"))
        assert [one["doubts"][0]["kind"] for one in here.results().values()] == ["unchecked"] * 2
        assert metric(told, "Doubtful") == [1, 1]


def test_where_nothing_is_declared_nothing_is_told() -> None:
    with stand() as here:
        here.send(2)
        told = lines(here.start())
        assert metric(told, "Doubtful") == metric(told, "FailedProbes") == []
        assert all("doubts" not in one for one in here.results().values())


MORTAL = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply({})
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if any(body["n"] > 100 for body in asked):
            os._exit(1)
        self.reply([{"twice": 2 * body["n"], "sure": 1.0} for body in asked])
    def reply(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever(0.02)
"""


def test_a_model_in_the_workers_own_image_that_dies_of_a_probe_is_started_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with stand(batch=4) as here:
        here.send(3)
        serve = (sys.executable, "-c", MORTAL, str(port))
        told = lines(here.start(**declare(here), serve=serve, model_url=f"http://127.0.0.1:{port}"))
        assert metric(told, "FailedProbes") == [3]
        assert {one["output"]["twice"] for one in here.results().values()} == {2, 4, 6}
        assert here.depth(here.dead_url) == (0, 0)


def test_a_worker_in_the_place_of_one_that_died_asks_nothing_that_may_have_killed_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(JOB_PROBES, "no")
    with stand(batch=4) as here:
        here.model.answer = lambda body: good(body) if body["n"] < 100 else pytest.fail("asked")
        here.send(2)
        told = lines(here.start(**declare(here)))
        assert metric(told, "FailedProbes") == []
        assert metric(told, "Doubtful") == [0, 0]


def test_told_to_leave_while_it_asks_what_is_known_it_takes_nothing() -> None:
    with stand(batch=1) as here:
        here.model.answer, here.model.seconds = good, 0.5
        here.send(3)
        worker = here.start(**declare(here))
        eventually(lambda: len(here.model.batches) >= 1)
        assert terminate(worker) == 0
        assert len(here.model.batches) < 3, "what was not asked is not asked any more"
        assert here.results() == {}
        assert here.depth() == (3, 0)
