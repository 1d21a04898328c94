"""What each page has to be, however it is looked at; and pictures of it in build/screenshots/."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FloatRect, Page

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
DESKTOP, PHONE, NARROW = (1280, 800), (390, 844), (320, 640)
Scheme = Literal["light", "dark"]
VIEWS: tuple[tuple[str, Scheme, tuple[int, int]], ...] = (
    ("desktop", "light", DESKTOP),
    ("desktop-dark", "dark", DESKTOP),
    ("phone", "light", PHONE),
    ("phone-dark", "dark", PHONE),
)
LOOKED_INTO = {("light", DESKTOP), ("dark", PHONE)}
"""Colours follow the scheme alone, and all else the size."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""https://www.deque.com/axe/core-documentation/api-documentation/#axecore-tags"""
TALLEST = 6_000
"""Of a picture, in pixels. The reference is many times as high: chromium draws at it for seconds, and nobody looks."""
LEAST_TARGET = 24
"""https://www.w3.org/TR/WCAG22/#target-size-minimum"""
TARGETS = """() => [...document.querySelectorAll("a, button, input:not([type=hidden])")].map(each => {
    const box = (each.closest(".choice") ?? each).getBoundingClientRect();  // all of a choice can be clicked
    return [each.outerHTML, Math.min(box.width, box.height)];
})"""


def look(page: Page, name: str, *, but: Collection[str] = ()) -> None:
    """Assert that everybody can use the page, in light and dark, on a desk and on a phone; it is as before then.

    `but`: rules of axe's that it is no matter to break here.
    """
    try:
        for view, scheme, size in VIEWS:
            _turn(page, scheme, size)
            PICTURES.mkdir(parents=True, exist_ok=True)
            tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            whole: FloatRect = {"x": 0, "y": 0, "width": size[0], "height": tall}
            page.screenshot(path=PICTURES / f"{name}-{view}.png", full_page=True, clip=whole)
            if (scheme, size) in LOOKED_INTO:
                found = _violations(page, but)
                assert found == [], f"{name}, {view}: {found}"
        _turn(page, "light", NARROW)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW[0], f"{name} is {width} wide, and has to be scrolled"
        small = [html for html, least in page.evaluate(TARGETS) if least < LEAST_TARGET]
        assert small == [], f"{name}: too small to be touched: {small}"
    finally:
        _turn(page, "light", DESKTOP)


def _turn(page: Page, scheme: Scheme, size: tuple[int, int]) -> None:
    # without motion, so that nothing is looked at half-way to its colour
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": size[0], "height": size[1]})


def _violations(page: Page, but: Collection[str]) -> list[str]:
    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html']}"
        for each in found
        if each["id"] not in but
        for node in each["nodes"]
    ]
