"""Dead letters: messages that cannot be served, each with its reason.

A worker does not wait for SQS to move a message after its receives: it sends the letter itself, the message as it was
and its reason in an attribute, and deletes the message. SQS's own redrive is the net below, for messages whose workers
are killed again and again; such a letter has no attribute.
"""

from __future__ import annotations

from typing import Any

REASON, ATTEMPTS, DEPARTURE = "HeadwayReason", "HeadwayAttempts", "HeadwayDeparture"
"""Attributes of a dead letter; its reason is also the ``error`` of its result, where the message holds an id."""
REASON_MOST = 1000
"""Characters of a reason: attributes count into a message's size."""
ALLOWED = {0x9, 0xA, 0xD}
"""Control characters that SQS takes in text (Amazon SQS API Reference, SendMessage)."""


def send_letter(
    sqs: Any, queue_url: str, message: dict[str, Any], reason: str, *, attempts: int, departure: str = ""
) -> None:
    """Send a message to the dead-letter queue with its reason; deleting it from its own queue is the caller's part."""
    told = {REASON: sendable(reason)[:REASON_MOST] or "unknown", DEPARTURE: departure}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in told.items() if text}
    attributes[ATTEMPTS] = {"DataType": "Number", "StringValue": str(attempts)}
    sqs.send_message(QueueUrl=queue_url, MessageBody=message["Body"], MessageAttributes=attributes)


def reason_of(message: dict[str, Any]) -> str | None:
    """The reason that a received dead letter carries, or None where SQS moved it (ask its result, then).

    >>> reason_of({"MessageAttributes": {"HeadwayReason": {"StringValue": "no id"}}}), reason_of({})
    ('no id', None)
    """
    found = message.get("MessageAttributes", {}).get(REASON, {}).get("StringValue")
    return None if found is None else str(found)


def sendable(text: str) -> str:
    """The text without what SQS refuses: control characters, lone surrogates and what is no character at all.

    >>> sendable("a" + chr(0) + "b" + chr(0xD800))
    'a?b?'
    """

    def kept(character: str) -> bool:
        code = ord(character)
        return code in ALLOWED or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF

    return "".join(character if kept(character) else "?" for character in text)
