"""What a setting is: its text in the environment, what it may say, its default, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, field
from pathlib import Path
from typing import Any

from errors import StartError

ROOT = Path(__file__).resolve().parent
PREFIX = "FACETOKEN_"


def setting(
    default: Any, parse: Callable[[str], Any], allowed: str, help: str, env: str | None = None, *, secret: bool = False
) -> Any:
    """Return the field of a setting: how its text is read, what is allowed in words, and what it does."""
    metadata = {"parse": parse, "allowed": allowed, "help": help, "env": env, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def number(kind: type[int] | type[float], low: float, high: float, default: float, help: str) -> Any:
    """Return the field of a number from `low` to `high`."""
    noun = "a whole number" if kind is int else "a number"

    def parse(text: str) -> float:
        value = kind(text)
        # Written so that NaN fails too.
        if not low <= value <= high:
            raise ValueError
        return value

    span = f"from {low} to {high}" if kind is int else f"from {low:g} to {high:g}"
    return setting(default, parse, f"{noun} {span}", help)


def choice(default: str, options: tuple[str, ...], help: str) -> Any:
    """Return the field of one of several words."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError
        return text

    return setting(default, parse, "one of " + ", ".join(options), help)


def switch(default: bool, help: str) -> Any:
    """Return the field of a yes or no."""
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def parse(text: str) -> bool:
        if text.lower() not in words:
            raise ValueError
        return words[text.lower()]

    return setting(default, parse, "1 or 0", help)


def path(default: Path | None, help: str, env: str | None = None) -> Any:
    """Return the field of a path."""
    return setting(default, lambda text: Path(text).expanduser().absolute(), "a path", help, env)


class SettingRow:
    """Describe one setting to the docs page, to `facetoken settings` and to the parser."""

    def __init__(self, item: Field[Any]) -> None:
        self.name = item.name
        self.env: str = item.metadata["env"] or PREFIX + item.name.upper()
        self.help: str = item.metadata["help"]
        self.allowed: str = item.metadata["allowed"]
        self.default = item.default if item.default is not MISSING else None
        self._parse: Callable[[str], Any] = item.metadata["parse"]
        self._secret: bool = item.metadata["secret"]

    def parse(self, text: str) -> Any:
        try:
            return self._parse(text)
        except ValueError:
            raise StartError(f"{self.env}={self.shown(text)!r} is not allowed; it must be {self.allowed}") from None

    def shown(self, text: str) -> str:
        """Return what may be shown of a value: nothing of a secret but that it is there."""
        return "(secret)" if self._secret and text else text

    @property
    def shown_default(self) -> str:
        """Return the default as one would write it in the environment."""
        if isinstance(self.default, bool):
            return str(int(self.default))
        if isinstance(self.default, Path):
            return f"{self.default.relative_to(ROOT)}/ of the checkout"
        if isinstance(self.default, tuple) and self.default:
            return ",".join(map(str, self.default))
        return str(self.default) if self.default not in (None, ()) else "unset"
