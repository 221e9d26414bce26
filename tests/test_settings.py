from __future__ import annotations

from pathlib import Path

import pytest

from errors import StartError
from settings import ROOT, Settings


def test_defaults_hold_without_any_variable() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.port, settings.backend, settings.precision) == (5000, "openvino", "auto")
    assert settings.database == ROOT / "faceset" / "faces.db"
    assert settings.crops == ROOT / "crop_faces"


def test_the_data_folder_moves_database_and_crops() -> None:
    settings = Settings.from_environment({"FACETOKEN_DATA": "/srv/faces"})
    assert settings.database == Path("/srv/faces/faces.db")
    assert settings.crops == Path("/srv/faces/crop_faces")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FACETOKEN_PORT", "70000"),
        ("FACETOKEN_PORT", "http"),
        ("FACETOKEN_PORT", "-1"),
        ("FACETOKEN_BACKEND", "onnxruntime"),
        ("FACETOKEN_PRECISION", "int8"),
        ("FACETOKEN_MIRROR", "maybe"),
        ("FACETOKEN_MIN_CONFIDENCE", "nan"),
        ("FACETOKEN_MIN_CONFIDENCE", "1.1"),
        ("FACETOKEN_MIN_SIZE", "12.5"),
        ("FACETOKEN_TOKEN_TTL", "0"),
        ("FACETOKEN_THREADS", "0"),
        ("FACETOKEN_DRAIN", "inf"),
        ("FACETOKEN_CORS_ORIGINS", "example.org"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(variable: str, value: str) -> None:
    with pytest.raises(StartError) as caught:
        Settings.from_environment({variable: value})
    row = next(row for row in Settings.table() if row.env == variable)
    assert str(caught.value) == f"{variable}={value!r} is not allowed; it must be {row.allowed}"


def test_a_misspelt_variable_is_an_error() -> None:
    with pytest.raises(StartError, match="FACETOKEN_PROT is not a setting"):
        Settings.from_environment({"FACETOKEN_PROT": "5000"})


def test_other_variables_and_empty_ones_are_left_alone() -> None:
    assert Settings.from_environment({"PATH": "/bin", "FACETOKEN_PORT": ""}) == Settings()


def test_every_row_parses_its_own_kind() -> None:
    read = Settings.from_environment(
        {
            "FACETOKEN_PORT": "0",
            "FACETOKEN_MIRROR": "yes",
            "FACETOKEN_MIN_CONFIDENCE": "0.95",
            "FACETOKEN_CORS_ORIGINS": "https://a.example, https://b.example",
            "FACENET_WEIGHTS": "/tmp/x.h5",
        }
    )
    assert (read.port, read.mirror, read.min_confidence) == (0, True, 0.95)
    assert read.cors_origins == ("https://a.example", "https://b.example")
    assert read.facenet_h5 == Path("/tmp/x.h5")


def test_every_setting_is_explained() -> None:
    for row in Settings.table():
        assert row.help.endswith(".")
        assert row.allowed
        assert row.shown_default
