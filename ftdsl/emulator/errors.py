"""Refusals in the API's own form."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer with an error: its HTTP status, and the error object of the body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": code}
        }


def missing(what: str, name: str) -> Refusal:
    return Refusal(404, f"No such {what}: {name}", code="not_found", param="id")


def closed() -> Refusal:
    return Refusal(
        403,
        "Fine-tuning is no longer available to this organization. "
        "See the deprecations page for the dates.",
        code="fine_tuning_unavailable",
        kind="permission_error",
    )


def out_of_quota() -> Refusal:
    return Refusal(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        code="insufficient_quota",
        kind="insufficient_quota",
    )
