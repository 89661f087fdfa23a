"""The dead letters of a stack: read with their reasons, and sent back to the queue that they came from.

A letter is deleted only after SQS has taken it back into its queue, so one that is interrupted in between is there
twice, never lost: a request that comes twice gets one result. An output takes the place of the error that an earlier
attempt left as the request's result (``headway_runtime.results``), so nothing has to be cleared away before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headway.account.connection import Account
from headway.account.errors import AccountError
from headway.account.resources import stack_resources
from headway.errors import HeadwayError

HELD_S = 900
"""A letter is hidden so long while it is looked at, so that no page brings it twice."""
AT_ONCE = 10
"""Messages of one call (Amazon SQS API Reference)."""
EMPTY = 2
"""Empty answers in a row after which a queue counts as read: one may miss letters on other hosts."""
OWN = "Headway"
"""What the names of the attributes begin with that the worker puts on a letter."""
REASON = "HeadwayReason"
UNKNOWN = "received as often as it may, without a word of why: the worker or the function that had it was killed"


@dataclass(frozen=True)
class Letter:
    """A dead letter: whose request it is, why it is dead, and what sends it back."""

    id: str
    """The request's id; the message's where it is no request."""
    reason: str
    received: int
    queue: str
    """Name of its dead-letter queue."""
    sent_ms: int
    message: dict[str, Any]


@dataclass(frozen=True)
class Queues:
    """A dead-letter queue and the one that its letters came from."""

    dead_url: str
    source_url: str

    @property
    def name(self) -> str:
        """Of the dead-letter queue."""
        return self.dead_url.rsplit("/", 1)[-1]


def dead_letter_queues(account: Account, stack: str) -> tuple[tuple[Queues, ...], tuple[str, ...]]:
    """A stack's dead-letter queues with their sources, and its buckets, where results lie.

    Raises:
        AccountError: AWS could not be asked, or said no.
        HeadwayError: Nothing carries the stack's tag, or it has no such queue.
    """
    resources = stack_resources(account, stack, kinds=("sqs", "s3"))
    found = []
    for name in resources.names("sqs"):
        url = account.ask("sqs", "get_queue_url", QueueName=name)["QueueUrl"]
        for page in account.pages("sqs", "list_dead_letter_source_queues", QueueUrl=url):
            found += [Queues(url, source) for source in page["queueUrls"]]
    if not found:
        raise HeadwayError(f"stack {stack} has no dead-letter queue: its architecture takes no requests from a queue")
    return tuple(found), resources.names("s3")


def letters(
    account: Account,
    queues: Queues,
    buckets: Sequence[str],
    *,
    limit: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Letter]:
    """The letters of a queue, each once, hidden from others for ``HELD_S``; no more than were there at the start.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    counts = account.ask("sqs", "get_queue_attributes", QueueUrl=queues.dead_url,
                         AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]  # fmt: skip
    there = int(counts["ApproximateNumberOfMessages"])
    left = there if limit is None else min(limit, there)
    empty, seen = 0, set[str]()
    while left > 0 and empty < EMPTY:
        answer = account.ask(
            "sqs", "receive_message", QueueUrl=queues.dead_url, MaxNumberOfMessages=min(AT_ONCE, left),
            VisibilityTimeout=HELD_S, AttributeNames=["All"], MessageAttributeNames=["All"],
        )  # fmt: skip
        new = [one for one in answer.get("Messages", []) if one["MessageId"] not in seen]
        empty = 0 if new else empty + 1
        for message in new:
            seen.add(message["MessageId"])
            yield _letter(account, queues, buckets, message)
        left -= len(new)
        say(f"{len(seen):,} of {there:,} dead letters read")


def send_back(account: Account, queues: Queues, chosen: Sequence[Letter]) -> int:
    """Send letters to the queue that they came from and delete what was taken; says how many.

    Raises:
        AccountError: AWS could not be asked, said no, or did not take some: those stay where they are.
    """
    done = 0
    for first in range(0, len(chosen), AT_ONCE):
        some = {str(index): one for index, one in enumerate(chosen[first : first + AT_ONCE])}
        entries = [{"Id": key, **_again(one.message)} for key, one in some.items()]
        answer = account.ask("sqs", "send_message_batch", QueueUrl=queues.source_url, Entries=entries)
        taken = [row["Id"] for row in answer.get("Successful", [])]
        if taken:
            receipts = [{"Id": key, "ReceiptHandle": some[key].message["ReceiptHandle"]} for key in taken]
            account.ask("sqs", "delete_message_batch", QueueUrl=queues.dead_url, Entries=receipts)
        done += len(taken)
        if answer.get("Failed"):
            why = answer["Failed"][0]
            raise AccountError(
                f"{queues.source_url} did not take {len(answer['Failed'])} letters "
                f"({why.get('Message', why['Code'])}): they stay in {queues.name}; {done} were sent before",
                kind="refused", action="sqs:SendMessage",
            )  # fmt: skip
    return done


def put_back(account: Account, queues: Queues, looked_at: Sequence[Letter]) -> None:
    """Let others see letters again that were only looked at.

    Raises:
        AccountError: AWS could not be asked, or said no.
    """
    for first in range(0, len(looked_at), AT_ONCE):
        entries = [
            {"Id": str(index), "ReceiptHandle": one.message["ReceiptHandle"], "VisibilityTimeout": 0}
            for index, one in enumerate(looked_at[first : first + AT_ONCE])
        ]
        account.ask("sqs", "change_message_visibility_batch", QueueUrl=queues.dead_url, Entries=entries)


@dataclass(frozen=True)
class Redriven:
    """What became of the letters that were looked at."""

    found: tuple[Letter, ...]
    sent: tuple[str, ...]
    """Ids of those that went back."""


def redrive(
    account: Account,
    stack: str,
    *,
    ids: Collection[str] | None = (),
    limit: int | None = None,
    dry_run: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Redriven:
    """Look at a stack's dead letters and send the chosen ones back; the others are there as before.

    Args:
        account: Whose command may do so.
        stack: The stack's name.
        ids: Those to send back; None: all; none: only look.
        limit: Look at no more than so many of each queue.
        dry_run: Send nothing.
        say: Called with how far it is.

    Raises:
        AccountError: AWS could not be asked, or said no. What was not sent stays.
        HeadwayError: No such stack or queue, or an id that no letter has: then nothing is sent.
    """
    queues, buckets = dead_letter_queues(account, stack)
    found: dict[Queues, list[Letter]] = {one: [] for one in queues}
    sent: list[str] = []
    try:
        for one in queues:
            found[one] += letters(account, one, buckets, limit=limit, say=say)
        everything = [letter for some in found.values() for letter in some]
        absent = sorted(set(ids or ()) - {letter.id for letter in everything})
        if absent:
            raise HeadwayError(f"no dead letter of {stack} has the id {', '.join(absent)}: nothing was sent")
        for one, some in found.items():
            chosen = [letter for letter in some if ids is None or letter.id in ids]
            if chosen and not dry_run:
                send_back(account, one, chosen)
                sent += [letter.id for letter in chosen]
                say(f"{len(sent):,} sent back")
    finally:
        for one, some in found.items():
            put_back(account, one, [letter for letter in some if letter.id not in sent])
    return Redriven(tuple(everything), tuple(sent))


def _letter(account: Account, queues: Queues, buckets: Sequence[str], message: dict[str, Any]) -> Letter:
    attributes = message.get("Attributes", {})
    identity = _id(message["Body"])
    told = message.get("MessageAttributes", {}).get(REASON, {}).get("StringValue")
    reason = told or (identity and _error(account, buckets, identity)) or ""
    if not reason:
        reason = UNKNOWN if identity else "no request by the contract: it has no id"
    return Letter(
        id=identity or message["MessageId"], reason=reason, received=int(attributes.get("ApproximateReceiveCount", 0)),
        queue=queues.name, sent_ms=int(attributes.get("SentTimestamp", 0)), message=message,
    )  # fmt: skip


def _id(body: str) -> str | None:
    try:
        identity = json.loads(body)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return identity if isinstance(identity, str) and identity and "/" not in identity else None


def _error(account: Account, buckets: Sequence[str], identity: str) -> str | None:
    """What the request's result says went wrong."""
    for bucket in buckets:
        try:
            answer = account.ask("s3", "get_object", Bucket=bucket, Key=f"results/{identity}.json")
            content = json.loads(answer["Body"].read())
        except ValueError:
            continue
        except AccountError as error:
            # S3 says of what is absent that it is forbidden to those who may not list the bucket.
            if error.kind in ("absent", "denied"):
                continue
            raise
        if isinstance(content, dict) and isinstance(content.get("error"), str):
            return str(content["error"])
    return None


def _again(message: dict[str, Any]) -> dict[str, Any]:
    """The message as it came at first, without what the worker put on the letter."""
    kept = {
        name: {key: value for key, value in one.items() if key in ("StringValue", "BinaryValue", "DataType")}
        for name, one in message.get("MessageAttributes", {}).items()
        if not name.startswith(OWN)
    }
    return {"MessageBody": message["Body"], **({"MessageAttributes": kept} if kept else {})}
