"""axe-core, which finds what keeps people from using a page; `make browser` fetches the pinned version from npm."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from settings import ROOT
from tests.browser import need

SCRIPT = ROOT / "build" / "node" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = "axe.run(document, {runOnly: %s, preload: false, resultTypes: ['violations']}).then((found) => found.violations)"


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.0 to 2.2, A and AA, and its best practices, a sentence an element."""
    need(SCRIPT.is_file(), "axe-core")
    # A world of its own: the page's policy stays as it is and does not hold there, and the page's scripts see nothing.
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]

    def evaluated(script: str) -> Any:
        asked = {"expression": script, "contextId": world, "awaitPromise": True, "returnByValue": True}
        answer = session.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    evaluated(_script())
    found = evaluated(RUN % TAGS)
    session.detach()
    return [_sentence(rule, node) for rule in found for node in rule["nodes"]]


@cache
def _script() -> str:
    # What the last expression comes to would be sent back whole.
    return SCRIPT.read_text(encoding="utf-8") + "\n;null"


def _sentence(rule: dict[str, Any], node: dict[str, Any]) -> str:
    why = "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])
    where = " ".join(map(str, node["target"]))
    return f"{rule['id']} ({node['impact']}): {rule['help']}: {where}: {why}: {node['html'][:200]}"
