"""Walk-throughs: what is run, what is written down, what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.walkthrough import WEB, Stage, Step, replayed, served_photos, settings_in, steps
from tests.client import Client

TEXT = """
Some words.

```sh
echo '{"id": "made-anew-1", "secretKey": "hidden-value"}'
```

```json
{"id": "former-id", "secretKey": "<secretKey>"}
```

```sh
echo '{"again": "former-id", "told": "<secretKey>"}'; echo 401
```

```json
{}
```

```sh
true
```
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(1, tmp_path, tmp_path)


def test_what_is_made_anew_goes_on_and_secrets_stay_hidden(stage: Stage) -> None:
    found = replayed(TEXT, stage)
    assert "hidden-value" not in found.replace(steps(TEXT)[0].command, "")
    assert steps(found) == [
        Step(steps(TEXT)[0].command, {"id": "made-anew-1", "secretKey": "<secretKey>"}),
        Step(
            'echo \'{"again": "made-anew-1", "told": "<secretKey>"}\'; echo 401\n',
            {"again": "made-anew-1", "told": "<secretKey>"},
            "401\n",
        ),
        Step("true\n"),
    ]
    assert found.startswith("\nSome words.\n")
    assert replayed(found, stage) == found


@pytest.mark.parametrize("command", ["false", "false | true", "true\nfalse\ntrue"])
def test_a_command_that_fails_is_told(command: str, stage: Stage) -> None:
    with pytest.raises(RuntimeError, match="ended with 1"):
        replayed(f"```sh\n{command}\n```\n", stage)


def test_photos_and_settings_are_where_the_page_says(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "photo").write_text('"here"')
    found = replayed("```sh\ncat facenet_weights/photos/photo\n```\n\n```json\n{}\n```\n", stage)
    assert steps(found)[0].answer == "here"
    with served_photos(tmp_path) as web:
        assert Client(web).get("/photo").body == b'"here"'
        assert settings_in(f"FACETOKEN_FETCH_ALLOW={WEB} make run", web) == {
            "FACETOKEN_FETCH_ALLOW": f"127.0.0.1:{web}"
        }
