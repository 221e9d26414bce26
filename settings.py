"""Every setting, once: its name, type, default and help. Read from FACETOKEN_* in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import parsers
from errors import StartError
from setting import PREFIX, ROOT, SettingRow, choice, number, path, setting, switch
from similarity import SAME_PERSON, euclidean_distance

__all__ = ["DIALECTS", "ROOT", "Settings"]

DIALECTS = ("nhn", "finday", "withmind", "homybk")


@dataclass(frozen=True)
class Settings:
    """Hold the settings of one server or command; `from_environment` reads and checks them."""

    host: str = setting("0.0.0.0", str, "an address", "Address to listen on.")
    port: int = number(int, 0, 65535, 5000, "Port to listen on; 0 picks a free one.")
    data: Path | None = path(
        None, "Folder for the database and the crops. Unset: `faceset/` and `crop_faces/` of the checkout."
    )
    weights: Path = path(
        ROOT / "facenet_weights", "Folder of the network weights; a filled one needs no network at set-up."
    )
    facenet_h5: Path | None = path(
        None, "A facenet_keras.h5 at hand, used instead of fetching it; its hash is checked.", env="FACENET_WEIGHTS"
    )
    backend: str = choice(
        "openvino",
        ("openvino", "torch", "tensorflow"),
        "What runs the networks. `torch` and `tensorflow` are the reference backends of the extras of that name.",
    )
    precision: str = choice(
        "auto",
        ("auto", "f32", "bf16"),
        "Arithmetic of the networks. `auto`: what the face set was made with; for a new one bf16 where the CPU has it.",
    )
    mirror: bool = switch(False, "Add the mirrored crop's vector: more accurate, twice the embedding time.")
    min_confidence: float = number(
        float, 0, 1, 0, "`/addface` refuses faces the detector is less sure of. 0 refuses none; 0.95 is a good limit."
    )
    min_size: int = number(
        int, 0, 4096, 0, "`/addface` refuses faces whose shorter side is under this many pixels. 0 refuses none."
    )
    token_ttl: int = number(int, 1, 31_536_000, 3600, "Seconds a face_token lives that was never added.")
    token_memory: int = number(int, 1, 1_048_576, 256, "Megabytes of never-added faces kept; the oldest go first.")
    threads: int = number(int, 1, 256, 8, "Requests worked on at the same time, those without a photo.")
    photos: int = number(int, 0, 64, 0, "Photos worked on at the same time. 0: as many as there are cores.")
    fetches: int = number(
        int,
        1,
        64,
        8,
        "Requests of a dialect worked on at the same time that may bring their photo by a URL; they wait for others.",
    )
    queue: int = number(int, 0, 1024, 64, "Requests of either kind that may wait; beyond that the answer is 503.")
    patience: float = number(
        float, 0, 3600, 5, "Seconds that a request may have to expect to wait; with more ahead of it the answer is 503."
    )
    drain: float = number(float, 0, 600, 10, "Seconds that running requests get to finish at shutdown.")
    page: bool = switch(
        True,
        "Serve the search page at `/`; the native API, WithMind and HomyBK then refuse calls of other origins' pages.",
    )
    get_writes: bool = switch(
        True,
        "Let GET /addface and GET /removeface change the face set, as the contract has it. POST always does.",
    )
    dialects: tuple[str, ...] = setting(
        DIALECTS,
        parsers.some_of(DIALECTS),
        "a comma list of " + ", ".join(DIALECTS) + ", or none",
        "API dialects beside the native one.",
    )
    status_200: bool = switch(False, "Answer every native request with HTTP 200, for clients of the original service.")
    cors_origins: tuple[str, ...] = setting(
        (),
        parsers.origins,
        "a comma list of origins such as https://example.org, or *",
        "Web origins that may call the API.",
    )
    clarifai_key: str | None = setting(
        None,
        parsers.matching(r"[\w.~+/=-]{1,200}"),
        "a key as Clarifai gives it",
        "Clarifai key or access token. With it HomyBK asks Clarifai for tags, instead of the local network.",
        secret=True,
    )
    clarifai_url: str = setting(
        "https://api.clarifai.com",
        parsers.safe_url,
        "a URL that begins with https://, or with http:// for this machine",
        "Where Clarifai's API is.",
    )
    clarifai_model: str = setting(
        "general-image-recognition", parsers.matching(r"[\w-]{1,100}"), "a model's id", "Clarifai's model to ask."
    )
    clarifai_minimum: float = number(float, 0, 1, 0, "Clarifai's concepts count from this value on. 0 takes all.")

    public_url: str | None = setting(
        None,
        parsers.web_url,
        "a URL that begins with http:// or https://",
        "Where clients reach this server: stored photos' URLs begin with it. Unset: what each request asked for.",
    )
    s3_bucket: str | None = setting(
        None,
        parsers.matching(parsers.BUCKET),
        "a bucket's name",
        "Bucket that photos are stored in; needs facetoken[s3]. Unset: `stored/` beside the database.",
    )
    s3_read_buckets: tuple[str, ...] = setting(
        (),
        parsers.list_of(parsers.BUCKET),
        "a comma list of buckets' names",
        "Buckets whose every photo may be read by its URL, with this server's credentials, which boto3 finds.",
    )
    s3_region: str | None = setting(
        None, parsers.matching("[a-z0-9-]{1,40}"), "a region's name", "Region of the buckets. Unset: boto3 knows it."
    )
    s3_endpoint: str | None = setting(
        None,
        parsers.web_url,
        "a URL that begins with http:// or https://",
        "Server of the buckets where it is not Amazon's; it is asked for `/bucket/key`.",
    )
    fetch_allow: tuple[str, ...] = setting(
        (),
        parsers.list_of(parsers.HOST),
        "a comma list of host or host:port, in lower case",
        "Hosts whose photos are fetched by URL though their address is not public, or their port is another.",
    )
    fetch_ports: tuple[int, ...] = setting(
        (80, 443), parsers.ports, "a comma list of ports", "Ports that photos are fetched from by URL."
    )
    fetch_seconds: float = number(
        float, 0.1, 60, 10, "Seconds that a photo may take to come from its URL, or to be stored in a bucket."
    )
    finday_threshold: float = number(
        float, 0, 2, SAME_PERSON, "Finday: greatest cosine distance of one person's photos; see docs/calibration.md."
    )
    finday_origins: tuple[str, ...] = setting(
        ("*",),
        parsers.origins,
        "a comma list of origins such as https://example.org, or *",
        "Finday: web origins whose pages may call it.",
    )
    withmind_min_kb: int = number(int, 0, 4000, 300, "WithMind: least size of an image, in KB of 1000 bytes.")
    withmind_max_kb: int = number(int, 1, 4000, 500, "WithMind: greatest size of an image, in KB of 1024 bytes.")
    withmind_message_kb: int = number(
        int, 1, 4000, 1000, "WithMind: greatest size of a whole message, in KB of 1024 bytes."
    )
    withmind_threshold: float = number(
        float,
        0,
        2,
        euclidean_distance(SAME_PERSON),
        "WithMind: greatest distance of one person's photos; see docs/calibration.md.",
    )
    key: tuple[str, ...] = setting(
        (),
        parsers.list_of("[0-9A-Fa-f]{64}"),
        "a comma list of keys, 64 hexadecimal digits each",
        "Keys of the face set instead of a key file: the first one seals, the others open what they sealed before.",
        secret=True,
    )
    key_file: Path | None = path(
        None, "File of the face set's keys, made at the first start. Unset: `key` beside the database."
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
    def keys_in(self) -> Path:
        return self.key_file or self.database.with_name("key")

    @property
    def crops(self) -> Path:
        return self.data / "crop_faces" if self.data else ROOT / "crop_faces"

    @property
    def stored(self) -> Path:
        return self.database.parent / "stored"
