"""No text of data, models or specs acts on what shows it: terminal, CI log, Markdown, browser."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ftdsl.diagnostics.diagnostic import Diagnostic, Span
from ftdsl.language.source import Source
from ftdsl.reports import inert
from ftdsl.reports.formats import FORMATS, render
from ftdsl.reports.html import LIMIT, fragment
from ftdsl.reports.markup import tag
from ftdsl.reports.report import Fact, Problem, Report
from ftdsl.reports.style import Style
from ftdsl.results.models import Finding, SubValue
from ftdsl.results.run import RunResult
from tests.reports import sample

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "' onmouseover='alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<!--", "-->", "]]>", "&lt;script&gt;", "&#x3c;script&#x3e;",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "![x](https://example.org/beacon.png)", "[x](https://example.org)", "<https://example.org>",
    "@everyone", "@octocat please", "</details>", "```\n## heading\n```", "`` ` ``", "| a | b |",
    "::error file=a::x", "\n::error::x", "\r::add-mask::x", "  ::set-output name=a::b",
    "##vso[task.setvariable variable=a]b", "##[error]x", "%0A::error::x",
    "\x1b[2J\x1b[31mred", "\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "\x9b31m",
    "\x00\x07\x08\x7f", "a\rb", "line\u2028two\u2029three\u0085four", "\ud800 lone", "\ufeffbom",
    "abc\u202egnp.exe", "\u2066isolated\u2069", "zero\u200bwidth\u200d", "tab\tand\nline",
    "=cmd|' /C calc'!A0", "𝒳" * 50, "e\u0301" * 200, "a" * 5000,
]  # fmt: skip

ATTACK = st.sampled_from(PAYLOADS) | st.text(
    st.characters() | st.sampled_from("<>&\"'`|:#[]()@\x1b\n\r\u202e"), max_size=60
)


def poisoned(text: str) -> Report:
    """A report in which every text of data is ``text``."""
    check = sample.check(text)
    finding = Finding(
        code="FT310", message=text, rule=text, dataset="support", path=text, line=1, row_id=text,
        excerpt=text, help=text, values=(SubValue(source=text, value=text),),
    )  # fmt: skip
    outcome = check.outcomes[1].model_copy(
        update={"rule": text, "requirement": text, "doc": text, "value": text}
    )
    changes = {"findings": (finding,), "outcomes": (outcome,)}
    requirement = (
        sample.gate()
        .requirements[1]
        .model_copy(update={"requirement": text, "candidate": text, "slice": text, "note": text})
    )
    dedup = sample.dedup(text)
    pair = dedup.removed[0].model_copy(
        update={"row_id": text, "path": text, "kept_row_id": text, "method": text}
    )
    train = sample.train().model_copy(update={"base": text, "settings": {text: text}})
    steps = (
        sample.step("check", "support", check.model_copy(update=changes)),
        sample.step("dedup", "support", dedup.model_copy(update={"removed": (pair,)})),
        sample.step("coverage", "support", sample.coverage(text)),
        sample.step("train", text, train),
        sample.step("eval", "golden", sample.evaluation(text, 0.5, 0.5, text)),
        sample.step(
            "gate", "g", sample.gate().model_copy(update={"requirements": (requirement,)})
        ),
    )  # fmt: skip
    run = RunResult.model_construct(
        version="0", run_id=text, spec=text, steps=steps, diagnostics=(), verdict="fail",
        exit_code=1, signal=None, seconds=1.0, only=(), schema_="ftdsl.run/1",
    )  # fmt: skip
    source = Source("a.ftspec", text)
    diagnostic = Diagnostic(
        "FT001", text, Span("a.ftspec", 0, len(text)), label=text, notes=(text,), help=text
    )
    return Report(
        "run", "fail", spec=text, files=(text,), run=run, diagnostics=(diagnostic,),
        sources={"a.ftspec": source}, notes=(text,), facts=(Fact(text, text),),
        problems=(Problem("FT1", text, text, text),),
    )  # fmt: skip


class Page(HTMLParser):
    """What a browser would find that can act or ask another machine."""

    ALLOWED_HREF = re.compile(r"#")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.elements: set[str] = set()
        self.policy = ""
        self.style = ""
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self._in_style = tag == "style"
        given = dict(attrs)
        if tag in {"script", "iframe", "img", "object", "embed", "link", "form", "base", "image"}:
            self.faults.append(tag)
        if tag == "meta" and given.get("http-equiv"):
            assert given["http-equiv"] == "Content-Security-Policy"
            self.policy = given["content"] or ""
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "src", "srcdoc", "action", "xlink:href"}:
                self.faults.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith("#"):
                self.faults.append(f"{tag} href={value}")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_page_holds_nothing_that_acts(payload: str) -> None:
    text = render(poisoned(payload), "html", Style())
    page = parsed(text)
    assert page.faults == []
    assert "script" not in page.elements
    assert "url(" not in page.style
    assert "@import" not in page.style
    text.encode("utf-8")
    assert not _CONTROLS.search(text)


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


def test_the_policy_admits_one_style_sheet_and_nothing_else() -> None:
    page = parsed(render(sample.report_of(sample.full_run()), "html", Style()))
    digest = b64encode(sha256(page.style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'; ")
    assert "unsafe" not in page.policy
    assert "http" not in page.policy


@settings(max_examples=50, deadline=None)
@given(ATTACK)
def test_no_format_lets_data_act(payload: str) -> None:
    report = poisoned(payload)
    for format_ in FORMATS:
        text = render(report, format_, Style(width=80))
        text.encode("utf-8")
        assert not _CONTROLS.search(text.replace("@\u200b", "@")), format_
        ours = {"github": "::", "azure": "##vso[task.logissue type="}.get(format_)
        for line in text.split("\n"):
            begins = ours is not None and line.startswith(ours)
            rest = line[len(ours or "") :] if begins else line
            assert begins or not line.lstrip().startswith(("::", "##[", "##vso")), (format_, line)
            assert "##vso[" not in rest.lower(), (format_, line)
            assert "##[" not in rest, (format_, line)
    for line in render(report, "github", Style()).splitlines():
        assert re.match(r"::(error|warning|notice) [a-z]+=", line)
    for line in render(report, "azure", Style()).splitlines():
        issue = r"##vso\[task\.logissue type=(error|warning);[^\]]*\][^\r\n]*$"
        assert re.match(rf"{issue}|ftdsl: [0-9]+ waived$", line)
    assert parsed(render(report, "html", Style())).faults == []
    for format_ in ("json", "jsonl", "gitlab", "rdjson", "sarif"):
        assert render(report, format_, Style()).isascii()
    etree.fromstring(render(report, "junit", Style()).encode())


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_markdown_mentions_and_loads_nothing(payload: str) -> None:
    text = render(poisoned(payload), "markdown", Style())
    prose = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    assert "](" not in prose.replace("\\](", "").replace("\\]\\(", "")
    assert not re.search(r"(?<!\\)<(?!details>|/details>|summary>|/summary>)[a-z/!]", prose)
    assert not re.search(r"@\w", prose)
    assert len(text) < 65_536


def test_a_page_stays_small_however_much_was_found() -> None:
    big = "<&>" * 4000
    run = sample.full_run()
    check = sample.check(big)
    many = check.model_copy(update={"findings": check.findings * 400})
    pairs = sample.dedup(big)
    pairs = pairs.model_copy(update={"removed": pairs.removed * 500})
    steps = (sample.step("check", "support", many), sample.step("dedup", "support", pairs))
    text = render(sample.report_of(run.model_copy(update={"steps": steps})), "html", Style())
    assert len(text.encode("utf-8")) <= LIMIT
    assert "more" in text


def test_a_notebook_shows_the_page_in_a_frame_without_powers() -> None:
    text = fragment(sample.report_of(sample.full_run()))
    assert text.startswith('<iframe sandbox="" ')
    inside = re.search(r'srcdoc="([^"]*)"', text)
    assert inside is not None
    assert html.unescape(inside[1]).startswith("<!doctype html>")


def test_markup_refuses_what_is_not_in_its_closed_sets() -> None:
    for wrong in ("script", "iframe", "img", "style"):
        with pytest.raises(ValueError, match="closed set"):
            tag(wrong)
    with pytest.raises(ValueError, match="closed set"):
        tag("p", onclick="x")
    with pytest.raises(ValueError, match="links only to itself"):
        tag("a", href="https://example.org")


@given(st.text())
@settings(max_examples=50)
def test_columns_stay_where_they_were(text: str) -> None:
    assert len(inert.line(text)) == len(text)
    assert inert.line(inert.line(text)) == inert.line(text)
    assert "\n" not in inert.line(text)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "nonsense"])
def test_a_terminal_that_lacks_signs_gets_plain_ones(encoding: str) -> None:
    shown = inert.encodable("✓ → … │ █ Ж", encoding)
    assert shown.isascii()
    assert "ok ->" in shown
