"""A finished departure is announced on EventBridge, so that Airflow, Step Functions or a person can chain on it.

Finished is a departure whose workers have all ended, replacements included. It is told at least once, with counts and
the address of its manifest, which names the parts of its report.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from headway_runtime.jobs import FAILED, LIVING, Job, time_of
from headway_runtime.ledger import Ledger

SOURCE, KIND = "headway", "Departure Finished"
"""Of the event (``source`` and ``detail-type``)."""


def finished(until: datetime, jobs: Sequence[Job], submitted: Sequence[str]) -> list[str]:
    """Stamps of the departures up to a time whose workers have all ended, and for which none was sent just now."""
    ended: list[str] = []
    for departure in sorted({job.departure for job in jobs}):
        own = [job for job in jobs if job.departure == departure]
        due = time_of(departure) <= until
        if due and departure not in submitted and not any(job.count(LIVING) for job in own):
            ended.append(departure)
    return ended


def announce(now: datetime, fleet: str, departure: str, jobs: Sequence[Job], ledger: Ledger, events: Any) -> bool:
    """Write a departure's manifest and tell that it has finished; says whether this call told it.

    Raises:
        RuntimeError: EventBridge did not take it; a later tick tries again.
    """
    if ledger.is_announced(departure) or not ledger.claim(departure, "announcement", now):
        return False
    parts, probes = ledger.parts(departure)
    own = [job for job in jobs if job.departure == departure]
    on_demand = ledger.on_demand(departure)
    told = {
        "fleet": fleet,
        "departure": departure,
        "finished_at": now.isoformat(timespec="seconds"),
        "done": sum(part.done for part in parts),
        "failed": sum(part.failed for part in parts),
        "doubtful": sum(part.doubtful for part in parts),
        "failed_probes": sum(one.failed for one in probes),
        "workers": sum(sum(job.workers.values()) for job in own),
        "failed_workers": sum(job.count(FAILED) for job in own),
        "on_demand": on_demand,
        "bucket": ledger.bucket,
    }
    ledger.write_manifest(departure, {**told, "files": [part._asdict() for part in parts]})
    detail = {**told, "manifest": f"s3://{ledger.bucket}/{ledger.manifest_key(departure)}"}
    answer = events.put_events(Entries=[{"Source": SOURCE, "DetailType": KIND, "Detail": json.dumps(detail)}])
    if answer.get("FailedEntryCount"):
        raise RuntimeError(f"EventBridge did not take the end of {departure}: {answer['Entries'][0].get('ErrorCode')}")
    ledger.mark_announced(departure, now)
    if on_demand:
        ledger.recall(departure, on_demand)
    return True
