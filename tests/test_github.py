"""The one comment on a pull request, against an HTTP server on this machine that acts as GitHub's API."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headway.errors import HeadwayError
from headway.github import PullRequest, post
from headway_rehearsal.localhost import Answering, local_server

MARKER = "<!-- headway:diff -->"
BODY = f"{MARKER}\n### Headway: USD 5.00 a month more\n"


class Api:
    """Comments of pull request 7, and how the server misbehaves."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.read_only = False
        self.user = "somebody"
        self.next_id = 1

    def add(self, body: str, *, login: str = "github-actions[bot]", kind: str = "Bot") -> dict[str, Any]:
        made = {"id": self.next_id, "body": body, "user": {"login": login, "type": kind},
                "html_url": f"https://github.test/comment/{self.next_id}"}  # fmt: skip
        self.next_id += 1
        self.comments.append(made)
        return made

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        self.calls.append(f"{method} {path.split('?', maxsplit=1)[0]}")
        if self.refusals:
            code, headers = self.refusals.pop(0)
            return code, {"message": "refused"}, headers
        if path == "/user":
            return 200, {"login": self.user}, {}
        if self.read_only and method != "GET":
            return 403, {"message": "Resource not accessible by integration"}, {}
        if method == "GET":
            size, page = (int(value) for value in re.findall(r"page=(\d+)", path))
            return 200, self.comments[(page - 1) * size : page * size], {}
        if method == "POST":
            return 201, self.add(body["body"]), {}
        found = next(one for one in self.comments if path.endswith(f"/{one['id']}"))
        if method == "DELETE":
            self.comments.remove(found)
            return 204, None, {}
        found["body"] = body["body"]
        return 200, found, {}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def where(api: Api, tmp_path: Path) -> Iterator[PullRequest]:
    class Handler(Answering):
        def _serve(self) -> None:
            body = self.asked()
            assert self.headers["Authorization"] == "Bearer secret"
            code, content, headers = api.answer(self.command, self.path, body)
            self.reply(code, b"" if content is None else content, **headers)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

    with local_server(Handler) as url:
        yield PullRequest("owner/name", 7, "secret", url, tmp_path / "summary.md")


def test_the_first_time_the_comment_is_written(api: Api, where: PullRequest) -> None:
    api.add("a person's comment", login="ann", kind="User")
    assert post(BODY, where, marker=MARKER) == ("created", "https://github.test/comment/2")
    assert [one["body"] for one in api.comments] == ["a person's comment", BODY]


def test_the_next_time_it_is_updated_on_whatever_page_it_stands(api: Api, where: PullRequest) -> None:
    for number in range(130):
        api.add(f"comment {number}", kind="User")
    ours = api.add(f"{MARKER}\nold")
    assert post(BODY, where, marker=MARKER).what == "updated"
    assert ours["body"] == BODY
    assert len(api.comments) == 131


def test_the_same_text_is_not_written_again(api: Api, where: PullRequest) -> None:
    api.add(BODY)
    assert post(BODY, where, marker=MARKER).what == "unchanged"
    assert api.calls == ["GET /repos/owner/name/issues/7/comments"]


def test_duplicates_go_and_the_oldest_stays(api: Api, where: PullRequest) -> None:
    first = api.add(f"{MARKER}\nold")
    api.add(f"{MARKER}\nolder run that raced")
    api.add(f"{MARKER}\nanother")
    post(BODY, where, marker=MARKER)
    assert api.comments == [first]
    assert first["body"] == BODY


def test_a_strangers_comment_with_the_marker_is_left_alone(api: Api, where: PullRequest) -> None:
    forged = api.add(f"{MARKER}\nforged", login="mallory", kind="User")
    assert post(BODY, where, marker=MARKER).what == "created"
    assert forged["body"] == f"{MARKER}\nforged"


def test_a_persons_token_finds_that_persons_comment(api: Api, where: PullRequest) -> None:
    ours = api.add(f"{MARKER}\nold", login="somebody", kind="User")
    assert post(BODY, where, marker=MARKER).what == "updated"
    assert ours["body"] == BODY


def test_without_a_change_only_a_comment_that_is_there_is_updated(api: Api, where: PullRequest) -> None:
    assert post(BODY, where, marker=MARKER, new=False).what == "not written"
    assert api.comments == []
    api.add(f"{MARKER}\nold")
    assert post(BODY, where, marker=MARKER, new=False).what == "updated"


def test_a_rate_limit_is_waited_for(api: Api, where: PullRequest) -> None:
    api.refusals = [
        (429, {"retry-after": "3"}),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}),
        (502, {}),
    ]
    pauses: list[float] = []
    assert post(BODY, where, marker=MARKER, sleep=pauses.append).what == "created"
    assert pauses == [3.0, 0.0, 4.0]


def test_a_limit_that_lasts_is_reported(api: Api, where: PullRequest) -> None:
    reset = str(int(time.time()) + 3000)
    api.refusals = [(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})]
    with pytest.raises(HeadwayError, match="rate limit is used up"):
        post(BODY, where, marker=MARKER, sleep=lambda _: pytest.fail("waited"))


def test_on_a_fork_the_text_goes_to_the_jobs_summary(api: Api, where: PullRequest) -> None:
    api.read_only = True
    assert post(BODY, where, marker=MARKER).what == "in the job summary"
    assert where.summary is not None
    assert where.summary.read_text() == BODY


def test_on_a_fork_without_a_summary_the_error_says_what_is_needed(api: Api, where: PullRequest) -> None:
    api.read_only = True
    with pytest.raises(HeadwayError, match="pull-requests: write"):
        post(BODY, where._replace(summary=None), marker=MARKER)


@pytest.mark.parametrize(("code", "said"), [(401, "token is not accepted"), (404, "not found"), (422, "422 refused")])
def test_a_refusal_says_what_to_do(api: Api, where: PullRequest, code: int, said: str) -> None:
    api.refusals = [(code, {})]
    with pytest.raises(HeadwayError, match=said):
        post(BODY, where, marker=MARKER)


def test_a_server_that_is_away_is_said_to_be(where: PullRequest) -> None:
    with pytest.raises(HeadwayError, match="cannot be reached"):
        post(BODY, where._replace(api_url="http://127.0.0.1:1"), marker=MARKER, sleep=lambda _: None)


def test_a_text_that_is_not_ours_is_not_posted(where: PullRequest) -> None:
    with pytest.raises(HeadwayError, match="--format comment"):
        post("hello", where, marker=MARKER)


def test_the_workflow_tells_where(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}))
    environment = {"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t", "GITHUB_EVENT_PATH": str(event)}
    found = PullRequest.from_environment(environment)
    assert (found.repository, found.number, found.api_url) == ("a/b", 12, "https://api.github.com")
    assert PullRequest.from_environment(environment, 3).number == 3


@pytest.mark.parametrize(
    ("missing", "said"),
    [("GITHUB_REPOSITORY", "owner/name"), ("GITHUB_TOKEN", "github.token"), ("GITHUB_EVENT_PATH", "--pull-request")],
)
def test_what_the_environment_lacks_is_named(tmp_path: Path, missing: str, said: str) -> None:
    environment = {"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t", "GITHUB_EVENT_PATH": str(tmp_path / "none")}
    with pytest.raises(HeadwayError, match=said):
        PullRequest.from_environment({key: value for key, value in environment.items() if key != missing})
