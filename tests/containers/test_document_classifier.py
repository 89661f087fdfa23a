"""The example container by the SageMaker contract, as the process that its image runs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway_rehearsal.model_server import CONTAINER, model_server, sample_requests

HERE = Path.cwd() / CONTAINER


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with model_server(Path.cwd()) as address:
        yield address


def post(address: str, body: bytes, path: str = "/invocations") -> tuple[int, Any]:
    request = urllib.request.Request(f"{address}{path}", data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_one_document_gets_one_answer(url: str) -> None:
    status, answer = post(url, b'{"text": "gross salary, income tax withheld, net pay"}')
    assert status == 200
    assert answer["label"] == "payslip"
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=0.001)


def test_a_list_gets_a_list_in_the_same_order_and_so_does_a_list_of_one(url: str) -> None:
    texts = [{"text": "passport, nationality, date of expiry"}, {"text": "opening balance, closing balance"}]
    assert [one["label"] for one in post(url, json.dumps(texts).encode())[1]] == ["identity", "bank-statement"]
    assert [one["label"] for one in post(url, json.dumps(texts[:1]).encode())[1]] == ["identity"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"nonsense", "not JSON"), (b'{"txt": 1}', 'send {"text": "..."}'), (b"[1]", "send"), (b'{"text": 3}', "send")],
)
def test_a_bad_request_says_what_to_send(url: str, body: bytes, expected: str) -> None:
    status, answer = post(url, body)
    assert status == 400
    assert expected in answer["error"]


def test_a_body_that_sagemaker_would_not_pass_on_is_refused(url: str) -> None:
    status, answer = post(url, b'{"text": "' + b"x" * 6_300_000 + b'"}')
    assert status == 413
    assert "6,291,456 bytes" in answer["error"]
    assert post(url, b'{"text": "passport"}')[0] == 200, "and it serves on"


def test_other_paths_are_named_as_wrong(url: str) -> None:
    assert post(url, b"{}", "/predict")[0] == 404


def test_it_finds_most_labels_of_texts_that_it_has_not_seen(url: str) -> None:
    rows = [line.split("\t") for line in (HERE / "corpus.tsv").read_text().splitlines()][::4]
    texts = [one["text"] for one in sample_requests(Path.cwd(), len(rows))]
    assert texts == [text for _, text in rows]
    answers = post(url, json.dumps([{"text": text} for text in texts]).encode())[1]
    right = sum(answer["label"] == label for answer, (label, _) in zip(answers, rows, strict=True))
    assert right >= 15, f"{right} of {len(rows)}"


def test_training_again_gives_the_committed_model(tmp_path: Path) -> None:
    for name in ("classifier.py", "train.py", "corpus.tsv"):
        (tmp_path / name).write_bytes((HERE / name).read_bytes())
    ran = subprocess.run([sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (tmp_path / "model.json").read_bytes() == (HERE / "model.json").read_bytes()
    assert "held-out right" in ran.stdout


def test_it_answers_what_it_has_before_it_stops(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, str(HERE / "serve")], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "HOST": "127.0.0.1", "PORT": "0"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = f"http://127.0.0.1:{json.loads(process.stdout.readline())['serving']}"
        answers: list[int] = []
        many = json.dumps([{"text": "gross salary " * 50}] * 3000).encode()
        asking = threading.Thread(target=lambda: answers.append(post(address, many)[0]))
        for _ in range(100):
            if post(address, b'{"text": "x"}')[0] == 200:
                break
            time.sleep(0.02)
        asking.start()
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        asking.join(timeout=10)
        assert process.wait(timeout=10) == 0
        assert answers == [200]


def test_measuring_prints_what_a_profile_takes(url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "measure.py", url, "--hardware", "m5.large", "--batches", "1,4", "--times", "5"],
        cwd=HERE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    from ruamel.yaml import YAML

    from headway.profile.model import Measurement

    measured = YAML(typ="safe", pure=True).load(ran.stdout)["measured"]
    assert [Measurement.model_validate(one).batch for one in measured] == [1, 4]
