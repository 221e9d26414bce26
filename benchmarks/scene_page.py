"""The page about scenes: what is compared, by which guards, and what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.scene_trials import FEWEST_KEYPOINTS, Tally
from scenes.features import LONGEST_SIDE, MOST_KEYPOINTS, SMALLEST_SIDE
from scenes.match import FEWEST_INLIERS, MOST_MATCHES, RATIO, REPROJECTION_ERROR, SMALLEST_SPREAD
from scenes.outline import LARGEST_SCALE, SMALLEST_AREA, SMALLEST_FULLNESS, SMALLEST_SCALE

GUARDS = [
    ["guard", "says no when"],
    [
        "`matches`",
        f"fewer than {FEWEST_INLIERS} matches are left; a match must be the nearest in both directions, and its "
        f"distance under {RATIO} of the second nearest's",
    ],
    ["`inliers`", f"fewer than {FEWEST_INLIERS} matches agree on one homography to {REPROJECTION_ERROR:g} pixels"],
    [
        "`spread`",
        f"those lie around less than {SMALLEST_SPREAD:.0%} of each photo: a small mark printed in is no scene",
    ],
    ["`horizon`", "a corner comes to lie at or behind the camera's horizon"],
    ["`mirrored`", "the corners run the other way round"],
    ["`not convex`", "the outline crosses itself or has a dent"],
    [
        "`collapsed`",
        f"its area is {SMALLEST_AREA:g} square pixels or less, or under {SMALLEST_FULLNESS:.0%} of what its longest "
        "side would hold in the standard photo's shape",
    ],
    [
        "`scale`",
        f"its lines are under {SMALLEST_SCALE:g} or over {LARGEST_SCALE:g} times as long as the standard photo's",
    ],
]


@dataclass(frozen=True, slots=True)
class Stage:
    """Hold how long a stage took: the median over photos, and the slowest photo's median, ms."""

    title: str
    median: float
    slowest: float

    @property
    def row(self) -> list[str]:
        """Return the line of a table."""
        return [self.title, f"{self.median:.0f}", f"{self.slowest:.0f}"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Hold everything that the page tells."""

    machine: dict[str, Any]
    standards: int
    refused: int
    views: Sequence[Tally]
    changes: Sequence[Tally]
    others: Sequence[Tally]
    sides: Sequence[Sequence[str]]
    inliers: Sequence[Sequence[str]]
    stages: Sequence[Stage]


def page(found: Measured) -> str:
    """Return the page as Markdown."""
    machine = found.machine["machine"]
    return f"""# Scenes

Is the second photo one of the same thing or place as the registered one, the standard photo? Both are shrunk to
{LONGEST_SIDE} pixels on the longer side and made grey. AKAZE finds keypoints, the {MOST_KEYPOINTS} strongest at most,
and describes each by 486 bits; a photo whose shorter side has under {SMALLEST_SIDE} pixels then has none. The best
{MOST_MATCHES} matches by Hamming distance give a homography by RANSAC, which carries the standard photo's corners into
the sent one. The same two photos always get the same answer.

A standard photo needs {FEWEST_KEYPOINTS} keypoints, counted on the shrunk photo.

## Guards

The scene is the same when none of these says no:

{_table(GUARDS)}

Below, *unguarded* is the rule that this replaces, on the same keypoints: the best {MOST_MATCHES} matches as they come,
any homography, an area of more than {SMALLEST_AREA:g}.

## The same scene, photographed again

Pairs of real photos, in both directions. They are the sample photos of OpenCV's source archive and of the
`image-matching-models` package; the numbers above were chosen on others.

{_tallies(found.views, "accepted")}

What stays unknown are views that share little at the keypoints' own size: from afar and near, months apart.

## The same scene, changed by computation

Each of {found.standards} real photos ({found.refused} more have too few keypoints to be registered) against itself,
changed. *Angle* turns it away like a flat thing on a wall, about both axes; *size* shows it smaller or its middle
larger; blur and shake are in pixels of a photo of {LONGEST_SIDE}; noise is in grey levels.

{_tallies(found.changes, "accepted")}

## Something else

Here every acceptance is wrong.

{_tallies(found.others, "accepted")}

Two lines of large letters, printed into both photos at the same place, sometimes pass for the scene: photos that carry
such a caption should be registered without it. The others look alike in fact: the mirror image of a symmetric thing (a
butterfly, a church's front), the two towers of one church. A rule that looks for a flat change of view cannot tell
these apart.

## How the numbers were chosen

On the other half of the photos: their real pairs, five hard changes of each photo, and everything of the last table.
What the first table shows was not wholly unseen: that the spread is the greater share of the two photos was learnt
there (from the box, which fills one photo and little of the other), and the least spread (2 % instead of 3) and the
least number of inliers were settled after a look at both halves.

{_table(found.sides)}

At {LONGEST_SIDE} pixels:

{_table(found.inliers)}

## Time

Photos of 12 megapixels ({machine["cores"]} cores, {machine["cpu"]}, load {machine["load_before"]} before). The target
is 300 ms for a photo analysed.

{_table([["stage", "median, ms", "slowest photo, ms"], *(stage.row for stage in found.stages)])}

This page is what `python -m benchmarks.scenes --page docs/scenes.md` wrote.
"""


def _tallies(tallies: Iterable[Tally], title: str) -> str:
    rows = [
        [one.kind, str(one.pairs), _rate(one.guarded, one.pairs), _rate(one.unguarded, one.pairs), one.reasons]
        for one in tallies
    ]
    return _table([["pairs of", "pairs", f"{title}", "unguarded", "refused by"], *rows])


def _rate(count: int, pairs: int) -> str:
    return f"{count} ({count / pairs:.1%})" if pairs else "0"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
