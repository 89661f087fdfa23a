"""Airflow: go on when a departure has finished.

An EventBridge rule (source ``headway``, detail-type ``Departure Finished``) sends each end of a departure to an SQS
queue; the sensor waits for the next one, and the task reads its manifest. It needs ``apache-airflow-providers-amazon``;
the Variable ``headway_departures_queue`` is the queue's URL.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

from airflow.decorators import dag, task
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
        """Addresses of the parts that name each result."""
        detail = json.loads(messages[0]["Body"])["detail"]
        if detail["failed"]:
            log.warning("%s of %s failed: headway redrive lists them", detail["failed"], detail["departure"])
        manifest = json.loads(S3Hook().read_key(*reversed(S3Hook.parse_s3_url(detail["manifest"]))))
        return [f"s3://{detail['bucket']}/{part['key']}" for part in manifest["files"]]

    @task
    def use(address: str) -> None:
        """Your step: JSON lines ``{id, status}``; a result lies at ``results/<id>.json``."""
        log.info("served: %s", address)

    use.expand(address=files(finished.output["messages"]))


departure_finished()
