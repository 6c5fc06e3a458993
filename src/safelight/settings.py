"""Every environment variable, typed, with its default."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1 << 20
GIB = 1 << 30

ORIGIN = re.compile(r"https?://[a-z0-9.\-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s?#]*", re.IGNORECASE)

Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Read from variables with the prefix `SAFELIGHT_`; what is not set has a safe default."""

    model_config = SettingsConfigDict(env_prefix="SAFELIGHT_", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("data"), description="Folder of everything that is kept.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str = Field(
        "", description="Where clients reach the API; put in front of the links in answers."
    )
    log_format: Literal["console", "json"] = Field("console", description="Form of the log.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe lines that are logged. `debug` tells of every read."
    )
    database_url: str = Field(
        "",
        description="`sqlite:///path` or `postgresql://user:password@host/name`. By default "
        "`safelight.db` in the data folder.",
        repr=False,
    )
    database_connections: Count = Field(
        10, description="Most connections that one process opens to PostgreSQL."
    )
    objects_url: str = Field(
        "",
        description="`file:///path` or `s3://bucket`, which takes `AWS_ACCESS_KEY_ID`, "
        "`AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` and `AWS_ALLOW_HTTP` from the "
        "environment. By default `objects` in the data folder.",
    )
    cache_url: str = Field(
        "mem://", description="`mem://`: in the process; or `redis://host/0`.", repr=False
    )
    broker_url: str = Field(
        "",
        description="`kafka://host:9092,host:9092`, for `safelight api` and `safelight processor`.",
    )
    broker_prefix: str = Field(
        "safelight",
        pattern=r"^[a-zA-Z0-9._-]{1,100}$",
        description="First part of the names of topics and consumer groups, for installations "
        "that share a broker.",
    )
    broker_partitions: Count = Field(
        12, description="Partitions of a topic that is made: most processors that share the work."
    )
    broker_replication: Count = Field(
        1, description="Brokers that keep a copy of a topic that is made."
    )
    accounts_url: str = Field(
        "",
        description="`redis://host/0` keeps accounts and sessions there (append-only persistence "
        "must be on). By default they are in the database.",
        repr=False,
    )
    processor_port: int = Field(
        10101,
        ge=0,
        le=65535,
        description="Port of a processor's health and metrics, and of what it renders at once.",
    )
    processor_urls: str = Field(
        "",
        description="Where an API reaches the processors to have something rendered at once: "
        "`http://host:10101,http://host:10101`.",
    )
    processor_token: str = Field(
        "",
        description="What the API shows a processor that is to render something, at least 32 "
        "characters, the same on both sides. Without it no new transformation is delivered.",
        repr=False,
    )
    private_key: Path | None = Field(
        None, description="PEM that signs tokens. By default `private.pem` in the data folder."
    )
    public_key: Path | None = Field(
        None, description="PEM that checks them. By default `public.pem` in the data folder."
    )
    link_secret: str = Field(
        "",
        description="Signs links and cursors, at least 32 characters. By default made once, in "
        "`link.secret` beside the private key.",
        repr=False,
    )
    children: int = Field(
        0, ge=0, le=256, description="Decoder processes; 0 means one for each core."
    )
    decode_seconds: float = Field(
        15.0, gt=0, description="Time for the decode, and for each variant, of one picture."
    )
    decode_bytes: Count = Field(GIB, description="Address space of a decoder process.")
    pictures_per_child: Count = Field(
        200, description="Pictures after which a decoder process is replaced."
    )
    decoder_locks: Literal["require", "warn"] = Field(
        "warn",
        description="Whether a lock of the decoders' room that this machine can't close stops the "
        "product, or is only warned of.",
    )
    file_bytes: Count = Field(25 * MIB, description="Largest file that is taken.")
    max_side: Count = Field(16384, description="Longest side that is taken, in pixels.")
    max_pixels: Count = Field(50_000_000, description="Most pixels of one frame that are taken.")
    max_frames: Count = Field(300, description="Most frames of an animation that are taken.")
    max_total_pixels: Count = Field(
        100_000_000, description="Most pixels over all frames of an animation."
    )
    quota_bytes: Count = Field(5 * GIB, description="Bytes of originals an account may keep.")
    quota_images: Count = Field(100_000, description="Images an account may keep.")
    queue_limit: Count = Field(
        10_000, description="Unfinished images beyond which uploads are refused for a while."
    )
    limit_register: str = Field("20/minute", description="Registrations from one address.")
    limit_login: str = Field(
        "10/minute", description="Passwords that are tried for one name, right or wrong."
    )
    limit_login_address: str = Field(
        "",
        description="Passwords that are tried from one address. By default six times "
        "`SAFELIGHT_LIMIT_LOGIN`.",
    )
    trusted_proxies: str = Field(
        "",
        description="Networks of proxies whose `X-Forwarded-For` counts: `10.0.0.0/8,fd00::/8`.",
    )
    uploads_at_once: Count = Field(
        64, description="Uploads that one process takes in at once; an account has every fourth."
    )
    body_seconds: float = Field(600.0, gt=0, description="Time for all of a body to come.")
    body_rate: Count = Field(
        1024, description="Bytes a second below which a body comes too slowly, after 10 seconds."
    )
    limit_upload: str = Field("600/minute", description="Uploads of an account.")
    limit_jobs: str = Field(
        "600/minute", description="Variants and reprocessings that an account asks for."
    )
    limit_render: str = Field(
        "10/second",
        description="New transformations of an account's images that are made on request.",
    )
    cors_origins: str = Field(
        "",
        description="Origins whose pages may call the API, `https://a.example,https://b.example`, "
        "or `*` for all.",
    )
    connections: Count = Field(800, description="Open connections beyond which more are refused.")
    header_seconds: float = Field(
        10.0, gt=0, description="Time for the head of a request, from its first byte."
    )
    keep_alive_seconds: float = Field(
        75.0, gt=0, description="Time that a connection may stay open without a request."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port of the API's metrics. By default that of the API."
    )
    notice_seconds: float = Field(
        0.0,
        ge=0,
        description="Time for which `/health/ready` says that it is about to stop, before it does.",
    )
    drain_seconds: float = Field(
        10.0, ge=0, description="Time to finish what is under way when asked to stop."
    )

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if url and not ADDRESS.fullmatch(url):
            raise ValueError("must be an address such as https://photos.example.com")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, text: str) -> str:
        for origin in _listed(text):
            if origin != "*" and not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is no origin such as https://photos.example.com")
        return text

    @field_validator("processor_token")
    @classmethod
    def _fit_for_a_header(cls, token: str) -> str:
        if not all("!" <= character <= "~" for character in token):
            raise ValueError("must be letters, digits and signs of ASCII, without spaces")
        return token

    @field_validator("link_secret", "processor_token")
    @classmethod
    def _long_enough(cls, secret: str) -> str:
        if secret and len(secret) < 32:
            raise ValueError("must have at least 32 characters")
        return secret

    def allowed_origins(self) -> frozenset[str]:
        """The origins of `cors_origins`."""
        return frozenset(_listed(self.cors_origins))

    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'safelight.db'}"

    def resolved_objects_url(self) -> str:
        return self.objects_url or (self.data_dir.resolve() / "objects").as_uri()

    def resolved_private_key(self) -> Path:
        return self.private_key or self.data_dir / "private.pem"

    def resolved_link_secret(self) -> Path:
        """The file of the secret, where it is not set: beside the key that signs tokens."""
        return self.resolved_private_key().with_name("link.secret")

    def resolved_public_key(self) -> Path:
        return self.public_key or self.data_dir / "public.pem"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
