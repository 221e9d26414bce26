"""The page docs/calibration.md."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from benchmarks.error_rates import FaceTable, Rate, accepted, equal_error, refused
from benchmarks.pages import table
from similarity import EQUAL_ERROR, SAME_PERSON, euclidean_distance, similarity

Setting = tuple[str, bool]
"""Precision, and whether the mirrored crop's vector is added."""

Tables = Mapping[Setting, FaceTable]

STEPS = tuple(step / 100 for step in range(20, 85, 5))
"""Cosine distances."""

ALLOWED_FAR = 1e-3

SURE, LARGE = 0.99, 60
"""Score of the detector and pixels of the shorter side from which on a face counts as clear."""

HEAD = """# Calibration

Written by `python -m benchmarks.calibration`. A test compares the constants in `similarity.py` with this page.

A threshold can be said on three scales, each a fixed function of the Euclidean distance d of two vectors of length 1:
cosine distance = d^2 / 2, and similarity = 100 (1 - (d / 2)^p) with p = ln(1/2) / ln({equal_error:g} / 2). They order
pairs of faces alike, so one choice is the same choice on all three.

{photos} photos of {people} people, the largest face of each: the 118 of five that come with the weights, and four of
two more people that the package `face-recognition` 1.3.0 ships for its tests. All pairs count: {genuine:,} of one
person, {strangers:,} of strangers. FAR is the share of the strangers at or under a threshold, FRR the share of the
pairs of one person beyond it. A clear face has a detector's score of at least {sure} and {large} pixels on its shorter
side; {clear} of the faces have.

Bounds are Wilson's at 95 %. **No stranger accepted does not mean never**: of {strangers:,} pairs, none says only that
FAR is under {none:.2g}. Even that is too sure. The pairs share {photos} photos, and the strangers are {couples} couples
of people; one couple that looks alike, or none among them, makes most of the figure. So the tables also count the
couples of whom any two photos pass. Over more people FAR is higher: the [model card](model-card.md) has 0.0008 at
distance 1.0 and 0.005 at 1.1 over 15,003 pairs of strangers."""

EQUAL = """## Similarity 50: equal error

Where FAR and FRR are the same. The mean of the four settings over all faces is {mean:.4f}; `similarity` takes
{chosen:g} for every setting, so that a pair's number does not depend on how the server was started. The errors of clear
faces are equal at less, and fewer: nearly all pairs of one person that lie beyond have a face that is not clear."""

STEPS_ABOUT = """## Thresholds, {precision}

All faces, not mirrored; the last two columns are of clear faces. FAR and FRR with their upper 95 % bounds in
brackets."""

LOGIN = """## One to one: the login

`FACETOKEN_FINDAY_THRESHOLD` is a cosine distance, {chosen:g} unless set: a Euclidean distance of {distance:.3g}, a
similarity of {likeness:.1f}. It is the largest of the steps above at which FAR over all faces is at most {far:g} by its
upper bound in both precisions. The reference's 0.55 belongs to another network; here its upper bound is
{reference:.2g}. By the measured share alone one could go up to {bare:.3f} (cosine {bare_cosine:.3f}) over these people,
but over the more numerous ones of the model card to about 1.0 only.

Photos taken for a login, near, lit and looked into, are clear faces; who is refused looks again. That makes FRR lower
than over all faces; it does not make FAR lower. A FAR of {far:g} is that of one try by one stranger: limit the tries,
and do not take a face alone for proof."""


def page(tables: Tables) -> str:
    """Return the page for the faces measured in each setting."""
    plain = {precision: each for (precision, mirror), each in tables.items() if not mirror}
    parts = [_head(plain["f32"])]
    errors = [equal_error(each.pairs()) for each in tables.values()]
    parts += [EQUAL.format(mean=np.mean(errors), chosen=EQUAL_ERROR), table(list(_equal_rows(tables)))]
    for precision, each in plain.items():
        parts += [STEPS_ABOUT.format(precision=precision), table(list(_step_rows(each)))]
    parts += [_login(plain), table(list(_login_rows(tables)))]
    return "\n\n".join(map(_filled, "\n\n".join(parts).split("\n\n"))) + "\n"


def clear(faces: FaceTable) -> FaceTable:
    """Return the rows of clear faces."""
    return faces.only((faces.scores >= SURE) & (faces.sides >= LARGE))


def _head(faces: FaceTable) -> str:
    pairs = faces.pairs()
    return HEAD.format(
        equal_error=EQUAL_ERROR,
        photos=len(faces.people),
        people=len(set(faces.people.tolist())),
        genuine=len(pairs.genuine),
        strangers=len(pairs.strangers),
        sure=SURE,
        large=LARGE,
        clear=len(clear(faces).people),
        none=Rate(0, len(pairs.strangers)).bounds[1],
        couples=faces.confused(0).cases,
    )


def _equal_rows(tables: Tables) -> Iterator[list[str]]:
    yield ["setting", "distance", "FAR and FRR", "clear faces: distance", "FAR and FRR"]
    for setting, each in tables.items():
        row = [_title(setting)]
        for faces in (each, clear(each)):
            pairs = faces.pairs()
            threshold = equal_error(pairs)
            row += [f"{threshold:.4f}", f"{accepted(pairs, threshold).share:.4f}"]
        yield row


def _step_rows(faces: FaceTable) -> Iterator[list[str]]:
    heads = ["strangers accepted", "FAR", "couples", "one person refused", "FRR"]
    yield ["cosine distance", "distance", "similarity", *heads, "FAR, clear", "FRR, clear"]
    pairs, sure = faces.pairs(), clear(faces).pairs()
    for cosine in STEPS:
        distance = euclidean_distance(cosine)
        far, frr, couples = accepted(pairs, distance), refused(pairs, distance), faces.confused(distance)
        row = [f"{cosine:.2f}", f"{distance:.4f}", f"{similarity(distance):.2f}", str(far.errors), _bounded(far)]
        row += [f"{couples.errors} of {couples.cases}", str(frr.errors), _bounded(frr)]
        yield [*row, _bounded(accepted(sure, distance)), _bounded(refused(sure, distance))]


def _login(plain: Mapping[str, FaceTable]) -> str:
    pairs = [faces.pairs() for faces in plain.values()]
    # The least distance at which one stranger too many is accepted; every threshold short of it will do.
    bare = min(float(each.strangers[math.floor(ALLOWED_FAR * len(each.strangers))]) for each in pairs)
    distance = euclidean_distance(SAME_PERSON)
    return LOGIN.format(
        chosen=SAME_PERSON,
        distance=distance,
        likeness=similarity(distance),
        far=ALLOWED_FAR,
        reference=max(accepted(each, euclidean_distance(0.55)).bounds[1] for each in pairs),
        bare=bare,
        bare_cosine=bare**2 / 2,
    )


def _login_rows(tables: Tables) -> Iterable[list[str]]:
    yield [f"at {SAME_PERSON:g}", "strangers accepted", "FAR", "one person refused", "FRR"]
    for setting, each in tables.items():
        for kind, faces in (("all faces", each), ("clear faces", clear(each))):
            pairs, distance = faces.pairs(), euclidean_distance(SAME_PERSON)
            far, frr = accepted(pairs, distance), refused(pairs, distance)
            yield [f"{_title(setting)}, {kind}", _counted(far), _bounded(far), _counted(frr), _bounded(frr)]


def _title(setting: Setting) -> str:
    precision, mirror = setting
    return f"{precision}, mirrored" if mirror else precision


def _counted(rate: Rate) -> str:
    return f"{rate.errors:,} of {rate.cases:,}"


def _bounded(rate: Rate) -> str:
    return f"{rate.share:.2g} ({rate.bounds[1]:.2g})"


def _filled(paragraph: str) -> str:
    """Break the lines of a text anew, its numbers being longer or shorter than their names."""
    if paragraph.startswith(("|", "#")):
        return paragraph
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)
