"""The page in a real browser: real keys, a closed and reopened tab, two raters, hostile answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from ftdsl.language.source import Source
from ftdsl.rating.batch import Batch, batch_of
from ftdsl.rating.checks import problems
from ftdsl.rating.lots import lot
from ftdsl.rating.page import page_of
from ftdsl.rating.rows import read_ratings
from tests.rating.rating_made import case, rate_step
from tests.rating.rating_project import HOSTILE, RUBRIC

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


def made_batch(root: Path, **settings: Any) -> Batch:
    (root / "rubric.md").write_text(RUBRIC)
    known = {"rubric": "rubric.md", "repeats": 0.2, "question": "Which would you send?", **settings}
    step = rate_step("base", "next", **known)
    answers = {
        "base": [case(i, f"I cannot say. ({i})") for i in range(len(HOSTILE))],
        "next": [case(i, text) for i, text in enumerate(HOSTILE)],
    }
    return batch_of(step, answers, root)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "tone.html"
    path.write_text(page_of(made_batch(tmp_path)), encoding="utf-8")
    return path


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=DESKTOP, accept_downloads=True)
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


def opened(context: BrowserContext, path: Path) -> Page:
    """The page, with all that goes wrong or out of it noted in ``page.wrong``."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda one: wrong.append(one.url) if not _is_own(one.url) else None)
    page.on("dialog", lambda one: wrong.append(f"dialog: {one.message}"))
    page.goto(path.as_uri())
    page.wrong = wrong  # type: ignore[attr-defined]
    return page


def _is_own(url: str) -> bool:
    return url.startswith(("file:", "blob:"))


def begin(page: Page, rater: str) -> None:
    page.get_by_label("Pseudonym").fill(rater)
    page.keyboard.press("Enter")
    page.get_by_text(f"You rate as {rater}").wait_for()


def downloaded(page: Page) -> list[dict[str, Any]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download ratings").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def count(page: Page) -> str:
    return page.locator("#count").inner_text()


def rate_all(page: Page, keys: str = "2") -> None:
    turn = 0
    while page.locator("#item").is_visible():
        page.keyboard.press(keys[turn % len(keys)])
        turn += 1
        assert turn < 200


def test_a_whole_session_by_keys_alone(
    sheet: Path, tmp_path: Path, context: BrowserContext
) -> None:
    page = opened(context, sheet)
    begin(page, "r-keys")
    assert page.evaluate("document.activeElement.id") == "prompt-title"
    page.keyboard.press("q")
    page.keyboard.press("1")
    assert count(page) == "1 of 12 rated"
    assert page.locator("#status").inner_text() == "A ≫ B: A is much better. 1 of 12 rated."
    for key in "23450s":
        page.keyboard.press(key)
    assert count(page) == "7 of 12 rated"
    page.keyboard.press("u")
    page.keyboard.press("u")
    assert "both are bad" in page.locator("#status").inner_text()
    page.keyboard.press("n")
    page.keyboard.type("1 and 2 are only text here")
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    assert "corrected" in page.locator("#status").inner_text()
    rate_all(page)
    assert page.get_by_role("heading", name="All rated. Thank you.").is_visible()
    assert page.evaluate("document.activeElement.id") == "done-title"
    rows = downloaded(page)
    verdicts = [row["verdict"] for row in rows]
    assert verdicts[:8] == [
        "left_much", "left", "tie", "right", "right_much", "both_bad", "skip", "right",
    ]  # fmt: skip
    assert rows[0]["reasons"] == ["accuracy"] and rows[1]["reasons"] == []
    assert rows[7]["supersedes"] == rows[5]["id"] and rows[7]["item"] == rows[5]["item"]
    assert rows[7]["note"] == "1 and 2 are only text here"
    assert all(row["ms"] >= 0 and row["rater"] == "r-keys" for row in rows)
    made = made_batch(tmp_path)
    placed, bad = read_ratings(Source("x", "".join(json.dumps(row) + "\n" for row in rows)))
    assert bad == [] and list(problems(made, placed)) == []
    assert sum(row["repeat"] for row in rows) == 2
    assert page.wrong == []  # type: ignore[attr-defined]


def test_a_repeat_comes_later_with_its_sides_swapped(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-swap")
    rate_all(page)
    rows = downloaded(page)
    repeats = [row for row in rows if row["repeat"]]
    assert len(repeats) == 2
    for row in repeats:
        first = next(one for one in rows if one["item"] == row["item"])
        assert (first["left"], first["right"]) == (row["right"], row["left"])
        assert rows.index(row) - rows.index(first) >= 5


def test_a_closed_tab_goes_on_where_it_was(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-again")
    for key in "135":
        page.keyboard.press(key)
    shown = page.locator("#prompt").inner_text()
    page.close()
    again = opened(context, sheet)
    again.get_by_text("Welcome back, r-again").wait_for()
    assert count(again) == "3 of 12 rated"
    assert again.locator("#prompt").inner_text() == shown
    again.keyboard.press("u")
    assert (
        again.get_by_role("button", name="B is much better").get_attribute("aria-pressed") == "true"
    )
    again.keyboard.press("2")
    rate_all(again)
    rows = downloaded(again)
    assert len(rows) == 13 and len({row["id"] for row in rows}) == 13


def test_two_raters_on_one_machine_are_two_files(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-one")
    rate_all(page)
    one = downloaded(page)
    page.get_by_role("button", name="Another rater").click()
    begin(page, "r-two")
    assert count(page) == "0 of 12 rated"
    rate_all(page, "4")
    two = downloaded(page)
    assert {row["rater"] for row in one} == {"r-one"} and {row["rater"] for row in two} == {"r-two"}
    assert [row["item"] for row in one] != [row["item"] for row in two]
    sides = {row["item"]: row["left"] for row in one if not row["repeat"]}
    same = [sides[row["item"]] == row["left"] for row in two if not row["repeat"]]
    assert True in same and False in same


def test_a_file_goes_on_elsewhere(sheet: Path, browser: Browser, tmp_path: Path) -> None:
    first = browser.new_context(accept_downloads=True)
    page = opened(first, sheet)
    begin(page, "r-moves")
    for key in "12":
        page.keyboard.press(key)
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in downloaded(page)))
    first.close()
    second = browser.new_context()
    page = opened(second, sheet)
    page.locator("#file").set_input_files(path)
    page.get_by_text("Welcome back, r-moves").wait_for()
    assert count(page) == "2 of 12 rated"
    second.close()


def test_two_tabs_of_one_rater_lose_nothing(sheet: Path, context: BrowserContext) -> None:
    one = opened(context, sheet)
    begin(one, "r-tabs")
    two = opened(context, sheet)
    two.get_by_text("You rate as r-tabs").or_(two.get_by_text("Welcome back")).wait_for()
    one.keyboard.press("1")
    two.wait_for_function("document.getElementById('count').textContent.startsWith('1 of')")
    two.keyboard.press("4")
    one.wait_for_function("document.getElementById('count').textContent.startsWith('2 of')")
    assert [row["verdict"] for row in downloaded(one)] == ["left_much", "right"]


def test_a_browser_that_keeps_nothing_says_so(sheet: Path, context: BrowserContext) -> None:
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }});"
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
    )
    page = opened(context, sheet)
    begin(page, "r-private")
    page.keyboard.press("2")
    assert "keeps nothing" in page.locator("#alarm").inner_text()
    page.get_by_role("button", name="Copy ratings").click()
    copied = page.get_by_label("Select all and copy:").input_value()
    assert json.loads(copied)["verdict"] == "left"
    assert len(downloaded(page)) == 1


def test_hostile_answers_are_text(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-brave")
    seen = set()
    while page.locator("#item").is_visible():
        for side in ("#left", "#right"):
            assert page.locator(f"{side} *").count() == 0, "an answer is one text and no element"
            seen.add(page.locator(side).evaluate("one => one.textContent"))
        page.keyboard.press("3")
    assert page.evaluate("window.struck") is None
    assert page.locator("iframe, img, svg, main a, main script, main style").count() == 0
    for text in HOSTILE:
        shown = re.sub(
            "[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\ufeff]",
            lambda sign: f"⟨U+{ord(sign[0]):04X}⟩", text,
        )  # fmt: skip
        assert shown in seen
    assert page.wrong == []  # type: ignore[attr-defined]


def test_lots_are_the_same_here_and_in_the_page(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    samples = [["a"], ["b", "r-1", "side", "0f"], ["é", "日本", "🙂"], ["", ""]]
    assert page.evaluate("all => all.map((parts) => lot(...parts))", samples) == [
        lot(*parts) for parts in samples
    ]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_is_cut_off_and_every_control_can_be_hit(
    sheet: Path, browser: Browser, size: Any
) -> None:
    context = browser.new_context(viewport=size, has_touch=size is PHONE)
    page = opened(context, sheet)
    begin(page, "r-thumb")
    for _ in range(12):
        width, boxes = page.evaluate(
            "[document.documentElement.scrollWidth, Array.from(document.querySelectorAll("
            "'#verdicts button'), (one) => one.getBoundingClientRect().toJSON())]"
        )
        assert width <= size["width"], "nothing makes the page scroll sideways"
        assert len(boxes) == 8
        for box in boxes:
            assert box["height"] >= 44 and box["width"] >= 44
            assert box["left"] >= 0 and box["right"] <= size["width"]
            assert box["bottom"] <= size["height"], "the verdicts are always in sight"
        page.locator("#verdicts button").nth(2).click()
    assert page.get_by_role("heading", name="All rated. Thank you.").is_visible()
    context.close()


def test_a_screen_reader_finds_its_way(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-reads")
    for role, name in (
        ("heading", "Which would you send?"), ("heading", "Prompt"), ("heading", "Answer A"),
        ("heading", "Answer B"), ("region", "Answer A"), ("main", ""), ("region", "Verdict"),
        ("button", "A is much better"), ("button", "Both are bad"), ("button", "Undo"),
        ("checkbox", "accuracy"), ("progressbar", "0 of 12 rated"), ("status", ""),
    ):  # fmt: skip
        found = page.get_by_role(role, name=name) if name else page.get_by_role(role)  # type: ignore[arg-type]
        assert found.first.is_visible() or role == "status", (role, name)
    order = []
    for _ in range(14):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || "
                "document.activeElement.textContent || document.activeElement.value).trim()"
            )
        )
    wanted = ["accuracy", "tone", "Note", "A ≫ B: A is much better", "A is better"]
    places = [order.index(one) for one in wanted]
    assert places == sorted(places), order
    page.keyboard.press("Shift+Tab")
    page.get_by_role("button", name="B is better").focus()
    page.keyboard.press("Enter")
    assert count(page) == "1 of 12 rated"


def test_single_keys_can_be_switched_off(sheet: Path, context: BrowserContext) -> None:
    page = opened(context, sheet)
    begin(page, "r-speaks")
    page.get_by_text("How to rate").click()
    page.get_by_label("single keys act as shortcuts").uncheck()
    page.keyboard.press("2")
    assert count(page) == "0 of 12 rated"
    page.close()
    again = opened(context, sheet)
    again.keyboard.press("2")
    assert count(again) == "0 of 12 rated"
    again.get_by_role("button", name="Tie: equally good").click()
    assert count(again) == "1 of 12 rated"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(sheet: Path, browser: Browser, scheme: Any) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = opened(context, sheet)
    begin(page, "r-sees")
    pairs = page.evaluate(
        """() => {
          const ground = (one) => {
            for (; one; one = one.parentElement) {
              const color = getComputedStyle(one).backgroundColor;
              if (!/, 0\\)$/.test(color) && color !== 'transparent') return color;
            }
            return 'rgb(255, 255, 255)';
          };
          return Array.from(document.querySelectorAll('h1,h2,p,button,button span,'
            + 'label,legend,summary,.text,#count'))
            .filter((one) => one.offsetParent && one.textContent.trim())
            .map((one) => [one.textContent.trim(), getComputedStyle(one).color, ground(one)]);
        }"""
    )
    assert len(pairs) > 20
    for text, ink, ground in pairs:
        assert _contrast(ink, ground) >= 4.5, (text, ink, ground)
    context.close()


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2: the ratio of the relative luminances."""

    def luminance(color: str) -> float:
        parts = [int(n) / 255 for n in re.findall(r"\d+", color)[:3]]
        lit = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * lit[0] + 0.7152 * lit[1] + 0.0722 * lit[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("ask", "points", "keys", "verdicts"),
    [("correct", 0, "10s", ["correct", "incorrect", "skip"]), ("scale", 5, "15", ["1", "5"])],
)
def test_single_answers_on_the_same_page(
    tmp_path: Path, context: BrowserContext, ask: str, points: int, keys: str, verdicts: list[str]
) -> None:
    made = made_batch(tmp_path, ask=ask, points=points, question="Is it right?")
    path = tmp_path / "single.html"
    path.write_text(page_of(made), encoding="utf-8")
    page = opened(context, path)
    begin(page, "r-expert")
    assert page.locator("#right-box").is_hidden()
    for key in keys:
        page.keyboard.press(key)
    rows = downloaded(page)
    assert [row["verdict"] for row in rows] == verdicts
    assert all("left" not in row and row["output"] for row in rows)
    placed, bad = read_ratings(Source("x", "".join(json.dumps(row) + "\n" for row in rows)))
    assert bad == [] and list(problems(made, placed)) == []
    assert page.wrong == []  # type: ignore[attr-defined]
