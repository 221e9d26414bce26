"""Print measurements as aligned text columns."""

from __future__ import annotations

from collections.abc import Sequence


def text(rows: Sequence[Sequence[object]]) -> str:
    """Lay out rows, the first of them the heading, with the first column to the left and all others to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *padded]).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
