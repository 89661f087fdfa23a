"""What may come as a request: anything at all. Strategies for what is sent, and fakes that remember what was done."""

import io
import json
import posixpath
from typing import Any

from hypothesis import strategies as st

from headway_runtime.contract import ID_PATTERN

DIGITS = "a number of thousands of digits"
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("\ud800"), st.just("\x00"),
    st.just(DIGITS), st.just("x" * 70_000),
)  # fmt: skip
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner)),
    max_leaves=12,
)  # fmt: skip
IDS = st.one_of(
    st.sampled_from([
        "../x", "/etc/passwd", "a/../../b", "..", ".", "", "a\\..\\b", "%2e%2e%2fx", "a\x00b", "a\n", "x" * 201,
        "results/../runtime/x", "é", "a b", "A-1", "a..b", "s3://b/k",
    ]),
    st.from_regex(ID_PATTERN, fullmatch=True),
    st.text(max_size=30),
    SCALARS,
)  # fmt: skip
DEEP = st.integers(1, 100_000).map(lambda n: '{"id": "deep", "body": ' + "[" * n + "]" * n + "}")
WIDE_ATTRIBUTES = st.integers(1, 40_000).map(lambda n: {"note": "x" * n})
FIELDS = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "body": JSON,
        "s3": st.one_of(st.sampled_from(["s3://b/requests/there", "s3://b/../x", "s3://", "http://x"]), SCALARS),
        "tier": st.one_of(st.text(max_size=5), SCALARS),
        "attributes": st.one_of(
            WIDE_ATTRIBUTES, st.dictionaries(st.sampled_from(["key", "creator", "x"]), JSON, max_size=3), SCALARS
        ),
        "submitted_at": st.one_of(st.sampled_from(["2026-06-03T12:00:00Z", "yesterday", "9999-99-99"]), SCALARS),
        "deadline": st.one_of(st.sampled_from(["2026-06-03T12:00:00+25:00", "0001-01-01T00:00:00"]), SCALARS),
        "more": JSON,
    },
)


def encoded(content: Any) -> str:
    """As a careless client would: NaN and Infinity, and a number of thousands of digits."""
    return json.dumps(content).replace(json.dumps(DIGITS), "9" * 5000)


TEXTS = st.one_of(FIELDS.map(encoded), JSON.map(encoded), st.text(max_size=60), DEEP)
"""Message bodies: text, as SQS and API Gateway hand it over."""
BYTES = st.one_of(st.binary(max_size=80), TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
"""Objects in S3 and lines of a manifest."""


def below(prefix: str, key: str) -> bool:
    """Whether a key cannot be read as a path that leaves its prefix."""
    return key.startswith(prefix) and posixpath.normpath(key) == key and "\\" not in key and "\x00" not in key


class Bucket:
    """An S3 that holds one object at any address, and remembers what was put."""

    def __init__(self, content: bytes = b"{}") -> None:
        self.content, self.put = content, dict[str, bytes]()

    def get_object(self, **asked: Any) -> dict[str, Any]:
        del asked
        return {"Body": io.BytesIO(self.content)}

    def put_object(self, **asked: Any) -> None:
        self.put.setdefault(asked["Key"], asked["Body"])


class Endpoint:
    """A SageMaker runtime whose model answers each body with its place in the batch, and takes no more than AWS."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        assert len(asked["Body"]) <= 6_291_456
        bodies = json.loads(asked["Body"], parse_constant=_never)
        self.calls.append(len(bodies) if isinstance(bodies, list) else 1)
        outputs = list(range(len(bodies))) if isinstance(bodies, list) else {"ok": True}
        return {"Body": io.BytesIO(json.dumps(outputs).encode())}


def _never(name: str) -> None:
    raise AssertionError(f"{name} was sent to the model")
