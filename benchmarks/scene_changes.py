"""What may come between two photos of a scene, made on a real photo: another angle, size, light, and so on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import photos
from model.base import Image

Change = Callable[[Image], Image]


def turned_away(image: Image, degrees: float, upright: bool = True) -> Image:
    """Show the photo as a flat thing seen from aside, or from above, by a camera one and a half widths away."""
    height, width = image.shape[:2]
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    distance = 1.5 * max(width, height)
    about = np.array([[cos, 0, 0], [0, 1, 0], [sin / distance, 0, 1]])
    if not upright:
        about = np.array([[1, 0, 0], [0, cos, 0], [0, sin / distance, 1]])
    to_centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    return _warped(image, np.linalg.inv(to_centre) @ about @ to_centre)


def rotated(image: Image, degrees: float) -> Image:
    """Turn the photo about its centre."""
    height, width = image.shape[:2]
    return _warped(image, np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), [0, 0, 1]]))


def farther(image: Image, factor: float) -> Image:
    """Show the photo smaller, in the middle of a grey picture of the same size."""
    height, width = image.shape[:2]
    matrix = np.array([[factor, 0, width * (1 - factor) / 2], [0, factor, height * (1 - factor) / 2], [0, 0, 1]])
    soft = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return _warped(np.asarray(grown, np.uint8), matrix)


def cropped(image: Image, share: float) -> Image:
    """Keep so much of either side, about the middle."""
    height, width = image.shape[:2]
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    return np.ascontiguousarray(image[top : height - top, left : width - left])


def nearer(image: Image, factor: float) -> Image:
    """Show the middle of the photo so many times as large."""
    height, width = image.shape[:2]
    return np.asarray(cv2.resize(cropped(image, 1 / factor), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def darker(image: Image, gamma: float) -> Image:
    """Put the photo in the dark, or with a gamma under 1 in the light."""
    return np.asarray(255 * (image / 255.0) ** gamma, np.uint8)


def lit_from_aside(image: Image) -> Image:
    """Let the light fall off to a fifth from one side to the other."""
    return np.asarray(image * np.linspace(1.0, 0.2, image.shape[1])[None, :, None], np.uint8)


def blurred(image: Image, sigma: float) -> Image:
    """Put the photo out of focus; sigma is in pixels of a photo whose longer side has 640."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma * max(image.shape) / 640), np.uint8)


def shaken(image: Image, pixels: float) -> Image:
    """Move the camera along while the photo is taken."""
    length = max(2, round(pixels * max(image.shape) / 640))
    return np.asarray(cv2.filter2D(image, -1, np.full((1, length), 1 / length)), np.uint8)


def noisy(image: Image, sigma: float) -> Image:
    """Add the noise of a sensor; sigma is in grey levels."""
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def compressed(image: Image, quality: int) -> Image:
    """Save the photo as JPEG at a low quality."""
    stored = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return photos.decode(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())


def covered(image: Image, share: float, by: Image) -> Image:
    """Cover so much of the photo's area, from one side, with another photo."""
    width = round(image.shape[1] * share)
    both = image.copy()
    both[:, :width] = cv2.resize(by, (width, image.shape[0]), interpolation=cv2.INTER_AREA)
    return both


def all_at_once(image: Image) -> Image:
    """Come back another day: another angle, nearer, darker, a little out of focus, noisy, compressed."""
    seen = cropped(rotated(turned_away(image, 20), 5), 0.85)
    return compressed(noisy(blurred(darker(seen, 1.5), 0.8), 5), 60)


def stamped(image: Image) -> Image:
    """Print two lines into a corner, as a phone does: what it is called, and the date."""
    height, width = image.shape[:2]
    size = max(width, height) / 640
    printed = image.copy()
    for line, letters in enumerate(("2026-11-21 10:30:45", "CAMERA 12MP QUAD X7")):
        place = (round(15 * size), round(height - (15 + 26 * line) * size))
        cv2.putText(
            printed, letters, place, cv2.FONT_HERSHEY_DUPLEX, 0.8 * size, (255, 220, 40), max(1, round(2 * size))
        )
    return printed


def mirrored(image: Image) -> Image:
    """Swap left and right."""
    return np.ascontiguousarray(image[:, ::-1])


def halves(image: Image) -> tuple[Image, Image]:
    """Return what is left and what is right of the middle."""
    middle = image.shape[1] // 2
    return np.ascontiguousarray(image[:, :middle]), np.ascontiguousarray(image[:, middle:])


def changes(cover: Image) -> Iterator[tuple[str, Sequence[Change]]]:
    """Name the changes; one kind may have several of a strength. `cover` is a photo to cover others with."""
    for degrees in (15, 30, 45):
        yield f"angle {degrees}°", [partial(turned_away, degrees=degrees, upright=way) for way in (True, False)]
    yield from ((f"turned {degrees}°", [partial(rotated, degrees=degrees)]) for degrees in (10, 45, 90, 180))
    yield from ((f"size {factor}", [partial(farther, factor=factor)]) for factor in (0.7, 0.5))
    yield from ((f"size {factor}", [partial(nearer, factor=factor)]) for factor in (1.5, 2.0))
    yield from ((f"crop to {share:.0%} of the sides", [partial(cropped, share=share)]) for share in (0.75, 0.5))
    yield "light: dark, bright, from aside", [partial(darker, gamma=2.2), partial(darker, gamma=0.45), lit_from_aside]
    yield from ((f"blur, sigma {sigma}", [partial(blurred, sigma=sigma)]) for sigma in (1.5, 3.0))
    yield "shaken, 9 pixels", [partial(shaken, pixels=9)]
    yield from ((f"noise, sigma {sigma}", [partial(noisy, sigma=sigma)]) for sigma in (10, 25))
    yield from ((f"JPEG quality {quality}", [partial(compressed, quality=quality)]) for quality in (30, 10))
    yield from ((f"{share:.0%} covered", [partial(covered, share=share, by=cover)]) for share in (0.3, 0.6))
    yield "angle 20°, crop, dark, blur, noise and JPEG at once", [all_at_once]


def _warped(image: Image, matrix: NDArray[np.float64]) -> Image:
    height, width = image.shape[:2]
    return np.asarray(cv2.warpPerspective(image, matrix, (width, height), borderValue=(128, 128, 128)), np.uint8)
