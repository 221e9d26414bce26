"""What the browser asks before it leaves the page, for tests of the page."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page


class Leaving:
    """Answer for the reader of a page whether to leave it: no, until it is `allowed`."""

    def __init__(self, page: Page) -> None:
        self.page, self.allowed, self.asked = page, False, 0
        page.on("dialog", self._answer)

    def tries(self) -> None:
        """Reload the page, and be asked."""
        with self.page.expect_event("dialog"):
            self.page.evaluate("() => location.reload()")
        assert self.asked

    def _answer(self, dialog: Dialog) -> None:
        assert dialog.type == "beforeunload"
        self.asked += 1
        if self.allowed:
            dialog.accept()
        else:
            dialog.dismiss()
