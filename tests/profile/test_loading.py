"""What a person who got a profile wrong is told: where, what, and what would be right. Everything at once."""

import json
from pathlib import Path

import pytest

from headway.profile import Profile, ProfileError, load_profile, read_profile

LEAST = """\
name: contact-form
latency: {max_wait: 5s}
traffic: {per_day: 50}
model: {measured: [{hardware: m5.large, seconds: 0.4}]}
"""
FULL = """\
name: loan-documents
region: us-east-1
timezone: America/New_York   # of every hour and day below
latency:
  max_wait: 30m              # longest acceptable time from request to result
  percentile: 99             # share of requests that must make it
  waiting: review            # who waits: user | workflow | review | nobody
  schedule:                  # another wait at other hours; "18-08" means 00-08 and 18-24 of each named day
    - {days: weekdays, hours: "18-08", max_wait: 90m}
    - {days: weekend, max_wait: 90m}
  ready_by: {time: "08:00", arrived_by: "06:00", days: weekdays}
traffic:
  shape:
    - {days: weekdays, hours: "08-18", per_hour: 200}
    - {per_hour: 4}          # all other hours
  peak_factor: 2.5
  arrival_variability: 1
  predictable: true
  cycles: {days_of_month: {1: 2.0}, months: {4: 1.5}}
  growth_per_month: 0.0
  backlog: {items: 10000, within: 48h}
model:
  container:
    {image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/classifier:1", artifact: "s3://models/classifier.tar.gz"}
  request: {mean: 200KB, max: 5MB}     # or one size
  response: 4KB
  load_time: 90s
  measured:
    - {hardware: g5.xlarge, batch: 1, seconds: 2.0, variability: 0.3, concurrency: 1}
    - {hardware: g5.xlarge, batch: 8, seconds: 6.4}
    - {hardware: serverless-4GB, seconds: 9.0}
availability: standard
tiers:
  - {name: verified, share: 0.1, when: {field: creator, equals: verified}, max_wait: 1s, waiting: user}
  - {name: anonymous, share: 0.9, max_wait: 1h}
features:
  {stable_share: 0.85, entities: 2000000, bytes: 2KB, freshness: 24h, changed_share: 0.1}
precompute:
  {candidates: 50000, hit_rate: 0.7, refresh: 24h, bytes: 4KB}
fallback: [cache, queue, default]
fallback_answer: {label: unknown}
fallback_max_age: 6h
team: {complexity_tolerance: medium, hourly_cost: 95, minimum_saving: 0.1}
current: {architecture: realtime, instance_type: ml.g5.12xlarge, count: 9, monthly_bill: 47000}
budget: {monthly: 10000}
"""


def load(tmp_path: Path, text: str, name: str = "mine.yaml") -> Profile:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_profile(path)


def told(tmp_path: Path, text: str, name: str = "mine.yaml") -> str:
    """The message, with the file's folder taken off."""
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text, name)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_four_lines_are_a_profile_and_everything_else_is_a_listed_default(tmp_path: Path) -> None:
    profile = load(tmp_path, LEAST)
    assert profile.latency.max_wait == 5.0
    assert profile.latency.waiting == "user"
    assert profile.traffic.peak_factor == 2.0
    assert profile.model.request.mean == 100_000
    listed = {default.name: default.value for default in profile.defaults}
    assert listed["region"] == "us-east-1"
    assert listed["latency.percentile"] == "99"
    assert listed["model.load_time"] == "60"
    assert listed["model.measured[m5.large, batch 1].variability"] == "0.3"
    assert all(default.source and default.as_of for default in profile.defaults)


def test_the_whole_profile_is_read(tmp_path: Path) -> None:
    profile = load(tmp_path, FULL)
    night = profile.latency.schedule[0]
    assert night.hours == (*range(8), *range(18, 24))
    assert night.days == (0, 1, 2, 3, 4)
    assert night.max_wait == 5400
    assert profile.latency.ready_by is not None
    assert (profile.latency.ready_by.time, profile.latency.ready_by.arrived_by) == (480, 360)
    assert profile.traffic.backlog is not None
    assert (profile.traffic.backlog.items, profile.traffic.backlog.within) == (10_000, 172_800)
    assert profile.model.request.max == 5_000_000
    assert profile.model.service("g5.xlarge")[1].seconds == 6.4
    assert profile.tiers[0].when is not None
    assert profile.tiers[0].when.equals == "verified"
    assert profile.features is not None
    assert profile.features.stable_share == 0.85
    assert profile.precompute is not None
    assert profile.precompute.hit_rate == 0.7
    assert profile.current is not None
    assert profile.current.monthly_bill == 47_000
    declared = {default.name for default in profile.defaults}
    assert not [name for name in declared if not name.startswith("model.measured[")], declared


def test_a_misspelt_field_is_one_mistake_not_two(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as told:
        load(tmp_path, LEAST.replace("max_wait", "max_wiat"))
    assert str(told.value).splitlines() == [
        f"{tmp_path / 'mine.yaml'}:2: latency.max_wiat: no such field; did you mean max_wait?"
    ]


def test_a_file_that_is_not_there_names_those_alike_not_all_that_lie_beside_it(tmp_path: Path) -> None:
    for name in ("loan-documents", "nightly-report", "moderation"):
        (tmp_path / f"{name}.yaml").write_text(LEAST)
    with pytest.raises(ProfileError) as told:
        load_profile(tmp_path / "loan-document.yaml")
    assert str(told.value).endswith(f"no such file; did you mean {tmp_path / 'loan-documents.yaml'}?")
    with pytest.raises(ProfileError, match=r"no such file$"):
        load_profile(tmp_path / "my-model.yaml")


def test_json_is_a_profile_too(tmp_path: Path) -> None:
    content = {
        "name": "contact-form", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 50},
        "model": {"measured": [{"hardware": "m5.large", "seconds": 0.4}]},
    }  # fmt: skip
    assert load(tmp_path, json.dumps(content), "mine.json") == load(tmp_path, LEAST)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("max_wait: 5s", "max_wiat: 5s", ["mine.yaml:2: latency.max_wiat: no such field; did you mean max_wait?"]),
        ("max_wait: 5s", "max_wait: 5 parsecs", ["mine.yaml:2: latency.max_wait: got '5 parsecs'", "use ms, s, m, h or d"]),
        ("max_wait: 5s", "max_wait: -5s", ["mine.yaml:2: latency.max_wait"]),
        ("latency: {max_wait: 5s}", "latency: 5s", ["got '5s'; fields are needed here: max_wait, percentile", "write latency: {max_wait: 30m}"]),
        ("model: {measured", "budget: 100\nmodel: {measured", ["budget: got 100; fields are needed here: monthly"]),
        ("[{hardware: m5.large, seconds: 0.4}]", "m5.large", ["model.measured: got 'm5.large'; a list is needed; write measured: [{"]),
        ("[{hardware: m5.large, seconds: 0.4}]", "[]", ["model.measured: got []; at least 1 of them is needed; write measured"]),
        ("seconds: 0.4", "seconds: 0.4, batch: 1.5", ["batch: got 1.5; a whole number is needed"]),
        ("seconds: 0.4", "seconds: 0.4, batch: 0", ["batch: got 0; at least 1 is needed"]),
        ("per_day: 50", "per_day: '1,000'", ["traffic.per_day: got '1,000'; a number is needed; write 1000"]),
        ("per_day: 50", "per_day: 10k", ["traffic.per_day: got '10k'; a number is needed; write 10000"]),
        ("max_wait: 5s", "max_wait: 5s, percentile: 99%", ["latency.percentile: got '99%'; a number is needed; write it without %"]),
        ("max_wait: 5s", "max_wait: 5s, percentile: 0.99", ["latency.percentile: got 0.99; at least 50 is needed; write 99"]),
        ("max_wait: 5s", "max_wait: 5s, ready_by: {time: 8, arrived_by: '06:00'}", ['ready_by.time: got 8; a time of day needs hours and minutes: write "08:00"']),
        ("max_wait: 5s", "max_wait: 5s, schedule: [{days: [1], max_wait: 1h}]", ["schedule[0].days: got [1]; days have names here: weekdays"]),
        ("model: {m", "tiers: [{name: a, share: 0.5}, {name: b, share: 0.6}]\nmodel: {m", ["mine.yaml:4: tiers: shares add up to 1.1, not 1"]),
        ("model: {m", "tiers: [{name: a, share: 50}, {name: b, share: 0.5}]\nmodel: {m", ["tiers[0].share: got 50; at most 1 is needed; 50 % is 0.5"]),
        ("model: {m", "fallback: cache\nmodel: {m", ["fallback: got 'cache'; a list is needed, such as [cache]"]),
        ("per_day: 50", "per_day: 1e308", ["traffic.per_day: got 1e+308; at most 1e+15 is needed"]),
        ("seconds: 0.4", "seconds: 1e300", ["seconds: got 1e+300; a duration of more than a thousand years is none"]),
        ("seconds: 0.4}]", "seconds: 0.4}], response: " + "9" * 30 + "TB", ["a size of more than an exabyte is none"]),
        ("model: {m", "team: {hourly_cost: 1e30}\nmodel: {m", ["team.hourly_cost: got 1e+30; at most 1e+15 is"]),
        ("model: {m", "budget: {monthly: 1e30}\nmodel: {m", ["budget.monthly: got 1e+30; at most 1000000000000000 is needed"]),
        ("per_day: 50", "per_day: 50, arrival_variability: 1e6", ["arrival_variability: got 1000000.0; at most 1000 is needed"]),
        ("max_wait: 5s", "max_wait: 30", ["mine.yaml:2: latency.max_wait: got 30; a time needs its unit: write 30ms, 30s, 30m or 30h"]),
        ("max_wait: 5s", "max_wait: '3000'", ["latency.max_wait: got '3000'; a time needs its unit: write 3000ms, 3000s"]),
        ("seconds: 0.4}]", "seconds: 0.4}], load_time: 90", ["model.load_time: got 90; a time needs its unit"]),
        ("seconds: 0.4}]", "p50: 300, p99: 900}]", ["measured[0].p50: got 300; a time needs", "measured[0].p99: got 900"]),
        ("seconds: 0.4}]", "seconds: 0.4}], response: 4", ["model.response: got 4; a size needs its unit: write 4B, 4KB or 4MB"]),
        ("seconds: 0.4}]", "seconds: 0.4}], request: 200", ["model.request", "a size needs its unit: write 200B, 200KB"]),
        ("max_wait: 5s", "max_wait: .nan", ["mine.yaml:2: latency.max_wait"]),
        ("max_wait: 5s", "max_wait: true", ["mine.yaml:2: latency.max_wait"]),
        ("max_wait: 5s", "max_wait: 5s, percentile: 100", ["latency.percentile", "less than 100"]),
        ("max_wait: 5s", "max_wait: 5s, waiting: usr", ["latency.waiting: got 'usr'", "did you mean user?"]),
        ("per_day: 50", "per_day: many", ["mine.yaml:3: traffic.per_day: got 'many'"]),
        ("per_day: 50", "per_day: true", ["mine.yaml:3: traffic.per_day"]),
        ("per_day: 50", "per_day: .inf", ["mine.yaml:3: traffic.per_day"]),
        ("per_day: 50", "per_day: -1", ["mine.yaml:3: traffic.per_day"]),
        ("per_day: 50", "per_day: 50, per_hour: 2", ["mine.yaml:3: traffic", "per_hour and per_day are given"]),
        ("per_day: 50", "hourly: [1, 2, 3]", ["mine.yaml:3: traffic.hourly", "168"]),
        ("per_day: 50", "per_day: 50, cycles: {months: {13: 2}}", ["traffic.cycles", "13 is not between 1 and 12"]),
        ("per_day: 50", "per_day: 50, cycles: {months: {-1: 2}}", ["traffic.cycles", "-1 is not between 1 and 12"]),
        ("per_day: 50", "per_day: 50, cycles: {days_of_month: {-32: 2}}", ["-32 is not between 1 and 31, nor between -31 and -1"]),
        ("per_day: 50", "per_day: 50, backlog: {items: 0, within: 1h}", ["traffic.backlog.items"]),
        ("m5.large", "m5.larg", ["mine.yaml:4: model.measured[0].hardware", "g5.xlarge or m5.large"]),
        ("m5.large", "ml.m5.large", ["write the EC2 name 'm5.large'"]),
        ("m5.large", "serverless-9GB", ["serverless memory is 1 to 6 GB"]),
        ("seconds: 0.4", "batch: 2", ["seconds is missing"]),
        ("seconds: 0.4", "p50: 2s, p99: 1s", ["p99 (1 s) is below p50 (2 s)"]),
        ("seconds: 0.4", "p50: 2s", ["p50 and p99 come together"]),
        ("name: contact-form", "name: Contact Form", ["mine.yaml:1: name"]),
        ("name: contact-form\n", "", ["name is missing"]),
        ("name: contact-form", "name: x\nregion: Frankfurt", ["mine.yaml:2: region", "eu-west-1"]),
        ("name: contact-form", "name: x\ntimezone: America/NewYork", ["did you mean America/New_York"]),
        ("name: contact-form", "name: x\nname: y", ["mine.yaml:2", "name", "each field is given once"]),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(
    tmp_path: Path, before: str, after: str, expected: list[str]
) -> None:
    message = told(tmp_path, LEAST.replace(before, after))
    for part in expected:
        assert part in message


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("share: 0.9", "share: 0.8", "tiers: shares add up to 0.9, not 1"),
        ("name: anonymous", "name: verified", "tiers: two have the same name"),
        ("{days: weekend, max_wait: 90m}", "{days: fri, hours: '20-24', max_wait: 1h}", "schedule: rules 1 and 2 both name fri 20:00-21:00"),
        ("- {per_hour: 4} ", "- {days: sat, per_hour: 4} ", "hours of the week have no rate, first mon 00:00"),
        ("- {per_hour: 4} ", "- {days: mon, per_hour: 4} ", "shape: rules 1 and 2 both name mon 08:00-09:00"),
        ("batch: 8, seconds: 6.4", "batch: 8, seconds: 1.4", "a batch of 8 (1.4 s) is quicker than one of 1 (2 s)"),
        ("batch: 8, seconds: 6.4", "batch: 1, seconds: 6.4", "g5.xlarge with batch 1 is given twice"),
        ("mean: 200KB, max: 5MB", "mean: 200KB, max: 5KB", "is smaller than mean"),
        ("equals: verified", "equals: verified, above: 3", "exactly one of equals, in, above"),
        ("hit_rate: 0.7, ", "", "give either hit_rate or popularity"),
        ('"08:00"', '"25:00"', 'is no time of day; write "06:00"'),
        ('hours: "18-08"', 'hours: "18-18"', "is no span of whole hours"),
        ("days: weekdays, hours", "days: wekdays, hours", "did you mean weekdays"),
        ("fallback: [cache", "fallback: [cahce", "did you mean cache?"),
        ("s3://models/classifier.tar.gz", "models/classifier.tar.gz", "artifact"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert before in FULL
    assert expected in told(tmp_path, FULL.replace(before, after, 1))


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = LEAST.replace("max_wait", "max_wiat").replace("per_day: 50", "per_day: x").replace("0.4", "soon")
    lines = told(tmp_path, text).splitlines()
    assert {line.split(":")[1] for line in lines} == {"2", "3", "4"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty; the least that works is"),
        (b"# only a comment\n", "empty; the least that works is"),
        (b"- a\n- b\n", "a profile is a mapping"),
        (b"just text", "a profile is a mapping"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not text in UTF-8"),
        (b"name: a\x00b", "binary"),
        (b"name: [1, 2\nlatency: x", "not YAML"),
        (b"name: a\n\tlatency: x", "not YAML"),
    ],
)
def test_a_file_that_is_no_profile_is_told_so(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match=expected):
        load_profile(path)


def test_a_directory_and_a_missing_file_are_told_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="is a directory"):
        load_profile(tmp_path)
    (tmp_path / "contact-form.yaml").write_text(LEAST)
    with pytest.raises(ProfileError, match=r"no such file; did you mean .*contact-form.yaml"):
        load_profile(tmp_path / "contact-from.yaml")


def test_notation_and_order_make_no_other_digest_and_content_does(tmp_path: Path) -> None:
    base = load(tmp_path, LEAST)
    assert load(tmp_path, LEAST.replace("5s", "5000ms")).digest == base.digest
    assert load(tmp_path, "\n".join(reversed(LEAST.splitlines()))).digest == base.digest
    assert load(tmp_path, LEAST.replace("5s", "6s")).digest != base.digest
    assert load(tmp_path, LEAST + "availability: high\n").digest != base.digest


def test_a_router_of_ones_own_is_for_tiers() -> None:
    least = {
        "name": "x", "latency": {"max_wait": "5s"}, "traffic": {"per_day": 5}, "router": "own",
        "model": {"measured": [{"hardware": "m5.large", "seconds": 1}]},
    }  # fmt: skip
    with pytest.raises(ProfileError, match="router: own is for tiers"):
        read_profile(least)
