from __future__ import annotations

from ftdsl.reports.terminal_run import asking_text
from ftdsl.results.models import EvalOutput


def test_what_answers_took_is_told_in_a_line() -> None:
    output = EvalOutput(
        name="golden",
        model="mini",
        scores={},
        requests=3,
        cached=17,
        prompt_tokens=400,
        completion_tokens=100,
        latency={"p50": 0.2, "p95": 1.5},
        first_token={"p50": 0.05, "p95": 0.1},
        spent=0.0125,
        price="$0.4 in, $0.1 cached, $1.6 out per 1M tokens (stated in the spec)",
    )
    told = asking_text(output)
    assert told.startswith(
        "3 requests, 17 from the cache, p50 0.20 s, p95 1.50 s, first token 0.05"
    )
    assert "500 tokens" in told
    assert told.endswith(
        "spent, by $0.4 in, $0.1 cached, $1.6 out per 1M tokens (stated in the spec)"
    )
