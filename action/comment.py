"""Keeps one comment of a pull request up to date: that of its key, written by the same account.

Standard library alone: it runs before and beside any environment. The token goes to the API's host
and nowhere else, redirects included.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIMIT = 65_536
_PAGES = 30


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Api:
    """The comments of one pull request."""

    def __init__(self, url: str, repository: str, number: int, token: str) -> None:
        self._base = f"{url.rstrip('/')}/repos/{repository}/issues"
        self._number = number
        self._token = token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def comments(self) -> Iterator[dict[str, Any]]:
        """Every comment, oldest first."""
        for page in range(1, _PAGES + 1):
            found = self._call("GET", f"{self._number}/comments?per_page=100&page={page}")
            yield from found
            if len(found) < 100:
                return

    def create(self, body: str) -> None:
        self._call("POST", f"{self._number}/comments", body)

    def update(self, comment: int, body: str) -> None:
        self._call("PATCH", f"comments/{comment}", body)

    def _call(self, method: str, path: str, body: str | None = None) -> Any:
        data = None if body is None else json.dumps({"body": body}).encode()
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        request = urllib.request.Request(
            f"{self._base}/{path}", data=data, headers=headers, method=method
        )
        with self._opener.open(request, timeout=30) as answer:
            return json.load(answer)


def marked(key: str, summary: str) -> str:
    """The comment: an invisible mark of its key, then as much of the summary as fits."""
    mark = mark_of(key)
    room = LIMIT - len(mark) - 1
    if len(summary) > room:
        summary = summary[: room - 40].rpartition("\n")[0] + "\n\n*The rest was left out.*\n"
    return f"{mark}\n{summary}"


def mark_of(key: str) -> str:
    safe = "".join(sign for sign in key if sign.isalnum() or sign in "-_.")
    return f"<!-- ftdsl:{safe} -->"


def keep(api: Api, key: str, summary: str, account: str) -> str:
    """Updates the comment that ``account`` wrote with this key, or writes the first one."""
    body = marked(key, summary)
    mark = mark_of(key)
    for comment in api.comments():
        own = comment["user"]["login"] == account
        if own and comment["body"].startswith(mark):
            if comment["body"].replace("\r\n", "\n") == body:
                return "unchanged"
            api.update(comment["id"], body)
            return "updated"
    api.create(body)
    return "created"


def main() -> int:
    environment = os.environ
    api = Api(
        environment["GITHUB_API_URL"],
        environment["GITHUB_REPOSITORY"],
        int(environment["NUMBER"]),
        environment["TOKEN"],
    )
    summary = Path(environment["SUMMARY"]).read_text(encoding="utf-8")
    account = environment.get("ACCOUNT", "github-actions[bot]")
    try:
        done = keep(api, environment["KEY"], summary, account)
    except urllib.error.HTTPError as error:
        # The summary is in the job's page all the same: a comment is no reason to fail the job.
        print(f"::warning title=ftdsl::the comment was not written: HTTP {error.code}")
        return 0
    except (urllib.error.URLError, TimeoutError):
        print("::warning title=ftdsl::the comment was not written: the API was not reached")
        return 0
    print(f"comment {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
