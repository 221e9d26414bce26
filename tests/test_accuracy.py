"""The arithmetic of the accuracy, and that the networks at hand reach it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, celebrities, demo
from benchmarks.accuracy import Pairs
from model.base import Detector, Embedder
from settings import Settings


def pairs(genuine: list[float], strangers: list[float]) -> Pairs:
    return Pairs(np.sort(np.array(genuine)), np.sort(np.array(strangers)))


def test_shares_include_the_threshold_itself() -> None:
    found = pairs([0.5, 0.6, 0.7, 1.0], [0.6, 1.0, 1.2, 1.3])
    assert found.tpr(0.6) == 0.5
    assert found.far(0.6) == 0.25
    assert found.tpr(0.4999) == found.far(0.5999) == 0
    assert found.tpr(2) == found.far(2) == 1


def test_tpr_at_far_stops_short_of_the_first_stranger_too_many() -> None:
    found = pairs([0.1, 0.5, 0.9, 1.1], [0.5, 1.0, 1.2, 1.3])
    assert found.tpr_at(0) == 0.25  # the genuine pair at 0.5 needs a threshold that lets a stranger in
    assert found.tpr_at(0.25) == 0.75
    assert found.tpr_at(0.4999) == 0.75
    assert found.tpr_at(0.5) == 1
    assert found.tpr_at(1) == 1


def test_strangers_that_tie_come_in_together_or_not_at_all() -> None:
    found = pairs([0.4, 0.5, 0.6], [0.5, 0.5, 1.0, 1.1])
    assert found.tpr_at(0.25) == pytest.approx(1 / 3)
    assert found.tpr_at(0.5) == 1


def test_a_share_that_is_a_whole_number_of_strangers_is_not_rounded_away() -> None:
    found = pairs([0.35], [step / 100 for step in range(100)])
    assert found.tpr_at(0.29) == 0
    assert 0.29 * 100 < 29
    assert pairs([0.285], [step / 100 for step in range(100)]).tpr_at(0.29) == 1


def test_auc_counts_ties_half() -> None:
    assert pairs([0.1, 0.2], [0.3, 0.4]).auc() == 1
    assert pairs([0.3, 0.4], [0.1, 0.2]).auc() == 0
    assert pairs([0.5], [0.5]).auc() == 0.5
    assert pairs([0.1, 0.5], [0.5, 0.4]).auc() == (1 + 1 + 0.5 + 0) / 4


def test_it_agrees_with_the_definitions_word_by_word() -> None:
    random = np.random.default_rng(5)
    found = pairs(list(random.integers(0, 30, 200) / 20), list(random.integers(10, 40, 300) / 20))
    thresholds = np.linspace(-0.01, 2.01, 20_001)
    for far in (0, 1e-3, 1e-2, 0.05, 0.3):
        allowed = [value for value in thresholds if np.mean(found.strangers <= value) <= far]
        assert found.tpr_at(far) == np.mean(found.genuine <= max(allowed))
    wins = [(g < s) + (g == s) / 2 for g in found.genuine for s in found.strangers]
    assert found.auc() == pytest.approx(np.mean(wins))


def test_all_pairs_are_told_apart_by_person() -> None:
    vectors = np.eye(128, dtype=np.float32)[[0, 0, 1]]
    found = accuracy.all_pairs(vectors, ["ann", "ann", "bob"])
    assert found.genuine.tolist() == [0]
    assert found.strangers == pytest.approx([2**0.5, 2**0.5])


def test_rank_one_looks_at_the_nearest_only() -> None:
    vectors = np.eye(128, dtype=np.float32)
    people = np.array(["ann", "bob"])
    asked = np.array(["ann", "ann"])
    assert accuracy.rank_one(vectors[[0, 1]], asked, vectors[:2], people) == 1


def test_the_networks_reach_the_targets(
    settings: Settings, photos: Path, face_networks: tuple[Detector, Embedder]
) -> None:
    found = celebrities.measured(photos, *face_networks)
    measured = found.pairs()
    right, asked = found.rank_one()
    assert len(found.faces) >= 117
    assert (right >= demo.MIN_RANK_ONE, asked) == (True, 25)
    assert measured.auc() >= demo.MIN_AUC
    assert measured.tpr_at(1e-3) >= (demo.MIN_TPR_MIRRORED if settings.mirror else demo.MIN_TPR)
    assert measured.far(0.9) < 1e-3


def test_the_demo_names_every_target_that_is_missed() -> None:
    numbers = {"rank_one": 23, "auc": 0.98, "tpr_at_far": {"0.001": 0.915}, "mirror": True}
    assert len(demo.missed(numbers)) == 3
    good = {"rank_one": 24, "auc": 0.985, "tpr_at_far": {"0.001": 0.915}, "mirror": False}
    assert demo.missed(good) == []
