"""What must hold of every page for people: axe, every width, text twice as large, and the keyboard."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 390)
HEIGHT = 900
SCRIPT = AXE_SCRIPT + Path(__file__).with_suffix(".js").read_text()
VIOLATIONS = {"resultTypes": ["violations"]}
ALL = VIOLATIONS | {"rules": {"target-size": {"enabled": True}}}
OF_WIDTH = VIOLATIONS | {"runOnly": ["target-size", "scrollable-region-focusable"]}  # what a width changes


def judge(page: Page, *, keyboard: bool = True) -> list[str]:
    """All that is wrong with the page that is shown, at every width; it is left at the last of them.

    Long lists are cut to their first lines, which were made as the others are.
    """
    wide, narrow = WIDTHS
    page.set_viewport_size({"width": wide, "height": HEIGHT})
    page.evaluate(SCRIPT)
    page.evaluate("judged.shorten()")
    found: list[str] = page.evaluate("judged.said()") + page.evaluate("judged.axe", ALL)
    found += page.evaluate("judged.cutOff()")
    found += _missed_by_keyboard(page) if keyboard else []
    # Text alone twice as large; then the page twice as large, which is the page at half its width.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += [f"text at 200 %: {line}" for line in page.evaluate("judged.cutOff()")]
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": wide // 2, "height": HEIGHT // 2})
    found += [f"at 200 %: {line}" for line in page.evaluate("judged.cutOff()")]
    page.set_viewport_size({"width": narrow, "height": HEIGHT})
    at_390 = page.evaluate("judged.axe", OF_WIDTH) + page.evaluate("judged.cutOff()")
    return found + [f"at {narrow} px: {line}" for line in at_390]


def _missed_by_keyboard(page: Page) -> list[str]:
    """Tab through the whole page, from its top until the focus has left it."""
    for _ in range(page.evaluate("judged.watch()")):
        page.keyboard.press("Tab")
    missed: list[str] = page.evaluate("judged.missed()")
    return missed
