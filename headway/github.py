"""The one comment on a pull request: written, found again by its hidden marker, and updated. GitHub's REST API.

Source: https://docs.github.com/en/rest/issues/comments and .../rest/using-the-rest-api/rate-limits-for-the-rest-api.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Literal, NamedTuple

from headway.errors import HeadwayError

PAGE = 100
"""Comments a page: as many as GitHub gives."""
MOST_PAGES = 30
TRIES = 4
LONGEST_PAUSE_S = 60.0
"""A limit that lasts longer is reported, not waited for."""
TIMEOUT_S = 30.0


class PullRequest(NamedTuple):
    """Where the comment goes, and as whom."""

    repository: str
    """``owner/name``."""
    number: int
    token: str
    api_url: str = "https://api.github.com"
    summary: Path | None = None
    """The job's summary: what is left where the token may not write, as on a pull request from a fork."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], number: int | None = None) -> PullRequest:
        """The pull request that a GitHub workflow runs for.

        Raises:
            HeadwayError: What is missing, and where it comes from.
        """
        repository, token = environment.get("GITHUB_REPOSITORY", ""), environment.get("GITHUB_TOKEN", "")
        if repository.count("/") != 1:
            raise HeadwayError("GITHUB_REPOSITORY is not set to owner/name; in a GitHub workflow it is")
        if not token:
            raise HeadwayError("GITHUB_TOKEN is not set; in the workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}`")
        summary = environment.get("GITHUB_STEP_SUMMARY")
        return cls(
            repository, number or _number(environment.get("GITHUB_EVENT_PATH")), token,
            environment.get("GITHUB_API_URL") or cls._field_defaults["api_url"], Path(summary) if summary else None,
        )  # fmt: skip


class Posted(NamedTuple):
    """What became of the comment."""

    what: Literal["created", "updated", "unchanged", "in the job summary", "not written"]
    url: str = ""


def post(
    body: str, where: PullRequest, *, marker: str, new: bool = True, sleep: Callable[[float], None] = time.sleep
) -> Posted:
    """Write the comment, or update the one that is there; its duplicates go.

    Args:
        body: Markdown that begins with ``marker``.
        where: The pull request and the token.
        marker: The hidden first line of our comment, by which it is found.
        new: False: update a comment that is there, never write a new one.
        sleep: How to wait for a rate limit to pass.

    Raises:
        HeadwayError: GitHub refuses, with what to do about it. A token that may only read is no error: the text goes
            to the job's summary.
    """
    if not body.startswith(marker):
        raise HeadwayError(f"not a comment of ours: it does not begin with {marker}; write it with --format comment")
    api = _Api(where, sleep)
    comments = f"/repos/{where.repository}/issues"
    try:
        found = _ours(api, f"{comments}/{where.number}/comments", marker)
        if not found and not new:
            return Posted("not written")
        if not found:
            made = api.call("POST", f"{comments}/{where.number}/comments", {"body": body})
            return Posted("created", str(made.get("html_url", "")))
        first, *others = found
        for other in others:
            api.call("DELETE", f"{comments}/comments/{other['id']}")
        if first.get("body", "").strip() == body.strip():
            return Posted("unchanged", str(first.get("html_url", "")))
        made = api.call("PATCH", f"{comments}/comments/{first['id']}", {"body": body})
        return Posted("updated", str(made.get("html_url", "")))
    except _ReadOnlyError:
        if where.summary is None:
            raise HeadwayError(
                "the token may not write comments here (a pull request from a fork gets a token that only reads), and "
                "there is no job summary to write to; the workflow needs `permissions: {pull-requests: write}`"
            ) from None
        with where.summary.open("a", encoding="utf-8") as file:
            file.write(body)
        return Posted("in the job summary")


def _ours(api: _Api, path: str, marker: str) -> list[dict[str, Any]]:
    """Our comments, oldest first: an app's, else those of the token's own user. A stranger's marker is not ours."""
    marked = [one for one in _pages(api, path) if str(one.get("body", "")).startswith(marker)]
    apps = [one for one in marked if one.get("user", {}).get("type") == "Bot"]
    if apps or not marked:
        return apps
    try:
        login = api.call("GET", "/user").get("login")
    except (HeadwayError, _ReadOnlyError):
        return []
    return [one for one in marked if one.get("user", {}).get("login") == login]


def _pages(api: _Api, path: str) -> Iterator[dict[str, Any]]:
    for page in range(1, MOST_PAGES + 1):
        rows = api.call("GET", f"{path}?per_page={PAGE}&page={page}")
        if not isinstance(rows, list):
            raise HeadwayError(f"{path}: GitHub answered something else than a list of comments")
        yield from rows
        if len(rows) < PAGE:
            return


class _ReadOnlyError(Exception):
    """The token may not write."""


class _Api:
    """Calls with the token, again after a limit or a fault that passes."""

    def __init__(self, where: PullRequest, sleep: Callable[[float], None]) -> None:
        self._where, self._sleep = where, sleep

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request's answer."""
        for attempt in range(TRIES):
            try:
                return self._send(method, path, body)
            except urllib.error.HTTPError as error:
                with error:
                    pause = _pause(error, attempt)
                    if pause is None or attempt == TRIES - 1:
                        raise self._refused(error, method) from None
            except (OSError, HTTPException) as error:
                pause = float(2**attempt)
                if attempt == TRIES - 1:
                    raise HeadwayError(f"{self._where.api_url}: cannot be reached ({error})") from None
            self._sleep(pause)
        raise AssertionError("every attempt returns or raises")

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the API's address, from the workflow
            self._where.api_url.rstrip("/") + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self._where.token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "headway",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            content = answer.read()
        return json.loads(content) if content else {}

    def _refused(self, error: urllib.error.HTTPError, method: str) -> Exception:
        """What a refusal means to whoever set up the workflow."""
        said = _message(error)
        if error.code == 403 and not _limited(error):
            return _ReadOnlyError()
        what = f"{self._where.repository}, pull request {self._where.number}"
        if error.code == 401:
            return HeadwayError(f"{what}: the token is not accepted (401); pass ${{{{ github.token }}}}")
        if error.code == 404:
            return HeadwayError(f"{what}: not found (404), or the token may not see it; it needs pull-requests: write")
        if _limited(error):
            return HeadwayError(f"{what}: GitHub's rate limit is used up ({error.code}); run the job again later")
        return HeadwayError(f"{what}: {method} was refused ({error.code} {said})")


def _limited(error: urllib.error.HTTPError) -> bool:
    headers = error.headers
    return error.code == 429 or "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _pause(error: urllib.error.HTTPError, attempt: int) -> float | None:
    """Seconds until another attempt makes sense; None where none does."""
    if error.code >= 500:
        return float(2**attempt)
    if not _limited(error):
        return None
    after, reset = error.headers.get("retry-after"), error.headers.get("x-ratelimit-reset")
    try:
        pause = float(after) if after else max(0.0, float(reset) - time.time()) if reset else float(2**attempt)
    except ValueError:
        pause = float(2**attempt)
    return pause if pause <= LONGEST_PAUSE_S else None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read()).get("message", ""))[:200]
    except (ValueError, AttributeError, OSError):
        return error.reason if isinstance(error.reason, str) else ""


def _number(event: str | None) -> int:
    try:
        content = json.loads(Path(event or "").read_bytes())
        return int(content["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        raise HeadwayError(
            "this job runs for no pull request (GITHUB_EVENT_PATH names none): run it on pull_request, or give "
            "--pull-request NUMBER"
        ) from None
