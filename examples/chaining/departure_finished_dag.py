"""Airflow: go on when a departure has finished.

An EventBridge rule (source ``headway``, detail-type ``Departure Finished``) sends each end of a departure to an SQS
queue; the sensor waits for the next one, and the tasks read its manifest and its parts. It needs
``apache-airflow-providers-amazon``; the Variable ``headway_departures_queue`` is the queue's URL.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowFailException
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.sensors.sqs import SqsSensor

log = logging.getLogger(__name__)


@dag(schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC), catchup=False, max_active_runs=1)
def departure_finished():
    """Wait for a departure, then use what it served."""
    finished = SqsSensor(
        task_id="wait_for_departure",
        sqs_queue="{{ var.value.headway_departures_queue }}",
        max_messages=1,
        mode="reschedule",
        timeout=timedelta(hours=6).total_seconds(),
    )

    @task
    def files(messages: list[dict]) -> list[str]:
        """Addresses of the parts that name each result; none of a departure whose probes failed is used."""
        detail = json.loads(messages[0]["Body"])["detail"]
        departure = detail["departure"]
        if detail["failed_probes"]:
            raise AirflowFailException(
                f"{detail['failed_probes']} probes of {departure} failed: its answers are not used"
            )
        if detail["failed"]:
            log.warning("%s of %s failed: headway redrive lists them", detail["failed"], departure)
        if detail["doubtful"]:
            log.warning("%s answers of %s are doubtful and left out", detail["doubtful"], departure)
        bucket, key = S3Hook.parse_s3_url(detail["manifest"])
        manifest = json.loads(S3Hook().read_key(key, bucket))
        return [f"s3://{detail['bucket']}/{part['key']}" for part in manifest["files"]]

    @task
    def use(address: str) -> list[str]:
        """Your step, here: the ids that have an answer without doubts. The answer lies at ``results/<id>.json``."""
        bucket, key = S3Hook.parse_s3_url(address)
        lines = [json.loads(line) for line in S3Hook().read_key(key, bucket).splitlines()]
        sound = {line["id"] for line in lines if line["status"] == "done" and "doubts" not in line}
        log.info("%s: %s of %s to go on with", address, len(sound), len(lines))
        return sorted(sound)

    use.expand(address=files(finished.output["messages"]))


departure_finished()
