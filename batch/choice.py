"""Which faces of a photo go in, and why the others do not, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answers import EnrolmentRule
from batch.target import Quality


@dataclass(frozen=True, slots=True)
class Choice:
    """Take every face that is good enough, or the largest if it is."""

    rule: EnrolmentRule
    largest_only: bool = False

    def of(self, faces: Sequence[Quality]) -> tuple[list[int], list[str]]:
        """Return the rows of the faces to add, and the reasons against those that were considered and left out."""
        considered = faces[:1] if self.largest_only else faces
        reasons = [self.rule.reason_against(face.confidence, face.size) for face in considered]
        chosen = [row for row, reason in enumerate(reasons) if reason is None]
        return chosen, [reason for reason in reasons if reason is not None]

    def why_none(self, total: int, reasons: Sequence[str]) -> str:
        """Say why none of a photo's `total` faces went in."""
        if total == 1:
            return reasons[0]
        head = f"the largest of {total} faces" if self.largest_only else f"none of {total} faces"
        return f"{head}: {'; '.join(reasons)}"

    def why_some(self, total: int, added: int, reasons: Sequence[str]) -> str:
        """Say why only `added` of a photo's faces went in; nothing when all did."""
        left = total - added
        if not left:
            return ""
        why = "; ".join(reasons) or "only the largest face was asked for"
        return f"of {total} faces {left} {'was' if left == 1 else 'were'} skipped: {why}"
