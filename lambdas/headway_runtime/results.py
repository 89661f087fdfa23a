"""Results: written once, however often a message is delivered."""

from __future__ import annotations

import json
import time
from typing import Any

CONFLICTS = 5
THERE_ALREADY = frozenset({"PreconditionFailed", "412"})
UNDER_WAY = frozenset({"ConditionalRequestConflict", "409"})


def write_once(s3: Any, bucket: str, key: str, result: dict[str, Any]) -> bool:
    """Write a result unless one is there; says whether this call wrote it.

    S3 answers 412 where the key exists (somebody else finished first: the result stands) and 409 while another write
    is under way (asked again).
    """
    from botocore.exceptions import ClientError

    body = json.dumps(result, separators=(",", ":")).encode()
    for attempt in range(CONFLICTS):
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in THERE_ALREADY:
                return False
            if code in UNDER_WAY and attempt < CONFLICTS - 1:
                time.sleep(0.1 * 2**attempt)
                continue
            raise
        return True
    return False
