"""Every setting, once: its name, type, default and help. Read from FACETOKEN_* in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import parsers
from errors import StartError
from similarity import SAME_PERSON

ROOT = Path(__file__).resolve().parent
PREFIX = "FACETOKEN_"


def _setting(
    default: Any, parse: Callable[[str], Any], allowed: str, help: str, env: str | None = None, *, secret: bool = False
) -> Any:
    metadata = {"parse": parse, "allowed": allowed, "help": help, "env": env, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def _number(kind: type[int] | type[float], low: float, high: float, default: float, help: str) -> Any:
    noun = "a whole number" if kind is int else "a number"

    def parse(text: str) -> float:
        value = kind(text)
        # Written so that NaN fails too.
        if not low <= value <= high:
            raise ValueError
        return value

    span = f"from {low} to {high}" if kind is int else f"from {low:g} to {high:g}"
    return _setting(default, parse, f"{noun} {span}", help)


def _choice(default: str, options: tuple[str, ...], help: str) -> Any:
    def parse(text: str) -> str:
        if text not in options:
            raise ValueError
        return text

    return _setting(default, parse, "one of " + ", ".join(options), help)


def _switch(default: bool, help: str) -> Any:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def parse(text: str) -> bool:
        if text.lower() not in words:
            raise ValueError
        return words[text.lower()]

    return _setting(default, parse, "1 or 0", help)


def _path(default: Path | None, help: str, env: str | None = None) -> Any:
    return _setting(default, lambda text: Path(text).expanduser().absolute(), "a path", help, env)


DIALECTS = ("nhn", "finday", "withmind", "homybk")


def _dialects(text: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    if text.strip() == "none":
        return ()
    if not named or not set(named) <= set(DIALECTS):
        raise ValueError
    return named


@dataclass(frozen=True)
class Settings:
    """Hold the settings of one server or command; `from_environment` reads and checks them."""

    host: str = _setting("0.0.0.0", str, "an address", "Address to listen on.")
    port: int = _number(int, 0, 65535, 5000, "Port to listen on; 0 picks a free one.")
    data: Path | None = _path(
        None, "Folder for the database and the crops. Unset: `faceset/` and `crop_faces/` of the checkout."
    )
    weights: Path = _path(
        ROOT / "facenet_weights", "Folder of the network weights; a filled one needs no network at set-up."
    )
    facenet_h5: Path | None = _path(
        None, "A facenet_keras.h5 at hand, used instead of fetching it; its hash is checked.", env="FACENET_WEIGHTS"
    )
    backend: str = _choice(
        "openvino",
        ("openvino", "torch", "tensorflow"),
        "What runs the networks. `torch` and `tensorflow` are the reference backends of the extras of that name.",
    )
    precision: str = _choice(
        "auto",
        ("auto", "f32", "bf16"),
        "Arithmetic of the networks. `auto`: what the face set was made with; for a new one bf16 where the CPU has it.",
    )
    mirror: bool = _switch(False, "Add the mirrored crop's vector: more accurate, twice the embedding time.")
    min_confidence: float = _number(
        float, 0, 1, 0, "`/addface` refuses faces the detector is less sure of. 0 refuses none; 0.95 is a good limit."
    )
    min_size: int = _number(
        int, 0, 4096, 0, "`/addface` refuses faces whose shorter side is under this many pixels. 0 refuses none."
    )
    token_ttl: int = _number(int, 1, 31_536_000, 3600, "Seconds a face_token lives that was never added.")
    token_memory: int = _number(int, 1, 1_048_576, 256, "Megabytes of never-added faces kept; the oldest go first.")
    threads: int = _number(int, 1, 256, 8, "Requests worked on at the same time, those without a photo.")
    photos: int = _number(int, 0, 64, 0, "Photos worked on at the same time. 0: as many as there are cores.")
    fetches: int = _number(
        int, 1, 64, 8, "Requests worked on at the same time that may bring their photo by a URL; they wait for others."
    )
    queue: int = _number(int, 0, 1024, 64, "Requests of either kind that may wait; beyond that the answer is 503.")
    patience: float = _number(
        float, 0, 3600, 5, "Seconds that a request may have to expect to wait; with more ahead of it the answer is 503."
    )
    drain: float = _number(float, 0, 600, 10, "Seconds that running requests get to finish at shutdown.")
    get_writes: bool = _switch(
        True,
        "Let GET /addface and GET /removeface change the face set, as the contract has it. POST always does.",
    )
    dialects: tuple[str, ...] = _setting(
        DIALECTS,
        _dialects,
        "a comma list of " + ", ".join(DIALECTS) + ", or none",
        "API dialects beside the native one.",
    )
    status_200: bool = _switch(False, "Answer every request with HTTP 200, for clients of the original service.")
    cors_origins: tuple[str, ...] = _setting(
        (),
        parsers.origins,
        "a comma list of origins such as https://example.org, or *",
        "Web origins that may call the API.",
    )
    clarifai_key: str | None = _setting(
        None,
        parsers.matching(r"[\w.~+/=-]{1,200}"),
        "a key as Clarifai gives it",
        "Clarifai key or access token. With it HomyBK asks Clarifai for tags, instead of the local network.",
        secret=True,
    )
    clarifai_url: str = _setting(
        "https://api.clarifai.com",
        parsers.safe_url,
        "a URL that begins with https://, or with http:// for this machine",
        "Where Clarifai's API is.",
    )
    clarifai_model: str = _setting(
        "general-image-recognition", parsers.matching(r"[\w-]{1,100}"), "a model's id", "Clarifai's model to ask."
    )
    clarifai_minimum: float = _number(float, 0, 1, 0, "Clarifai's concepts count from this value on. 0 takes all.")

    public_url: str | None = _setting(
        None,
        parsers.web_url,
        "a URL that begins with http:// or https://",
        "Where clients reach this server: stored photos' URLs begin with it. Unset: what each request asked for.",
    )
    s3_bucket: str | None = _setting(
        None,
        parsers.matching(parsers.BUCKET),
        "a bucket's name",
        "Bucket that photos are stored in; needs facetoken[s3]. Unset: `stored/` beside the database.",
    )
    s3_read_buckets: tuple[str, ...] = _setting(
        (),
        parsers.list_of(parsers.BUCKET),
        "a comma list of buckets' names",
        "Buckets whose every photo may be read by its URL, with this server's credentials, which boto3 finds.",
    )
    s3_region: str | None = _setting(
        None, parsers.matching("[a-z0-9-]{1,40}"), "a region's name", "Region of the buckets. Unset: boto3 knows it."
    )
    s3_endpoint: str | None = _setting(
        None,
        parsers.web_url,
        "a URL that begins with http:// or https://",
        "Server of the buckets where it is not Amazon's; it is asked for `/bucket/key`.",
    )
    fetch_allow: tuple[str, ...] = _setting(
        (),
        parsers.list_of(parsers.HOST),
        "a comma list of host or host:port, in lower case",
        "Hosts whose photos are fetched by URL though their address is not public, or their port is another.",
    )
    fetch_ports: tuple[int, ...] = _setting(
        (80, 443), parsers.ports, "a comma list of ports", "Ports that photos are fetched from by URL."
    )
    fetch_seconds: float = _number(
        float, 0.1, 60, 10, "Seconds that a photo may take to come from its URL, or to be stored in a bucket."
    )
    finday_threshold: float = _number(
        float, 0, 2, SAME_PERSON, "Finday: greatest cosine distance of one person's photos; see docs/calibration.md."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raise StartError naming the variable, the value and what is allowed."""
        environment = os.environ if environment is None else environment
        known = {row.env: row for row in cls.table()}
        unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise StartError(f"{unknown[0]} is not a setting; `facetoken settings` lists them")
        values = {row.name: row.parse(environment[env]) for env, row in known.items() if environment.get(env)}
        return cls(**values)

    @classmethod
    def table(cls) -> Iterator[SettingRow]:
        """Yield one row per setting, in the order of this file."""
        return (SettingRow(item) for item in fields(cls))

    @property
    def database(self) -> Path:
        return (self.data or ROOT / "faceset") / "faces.db"

    @property
    def crops(self) -> Path:
        return self.data / "crop_faces" if self.data else ROOT / "crop_faces"

    @property
    def stored(self) -> Path:
        return self.database.parent / "stored"


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
