"""`make servers`: what a scaled product stands on, on this machine, to try it or to work on it."""

import secrets
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import S3, Postgres, Valkey, chosen_broker


def main() -> None:
    """Runs until Ctrl-C; then everything is gone."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory() as folder, ExitStack() as running:
        place = Path(folder)
        postgres, valkey = Postgres(place / "postgres"), Valkey(place / "valkey")
        s3, broker = S3(place / "s3"), chosen_broker()(place / "broker")
        for server in (postgres, valkey, s3, broker):
            print(f"starting {type(server).__name__} ...", file=sys.stderr, flush=True)
            running.callback(server.kill)
            server.start()
        bucket, variables = s3.create()
        urls = {
            "SAFELIGHT_DATABASE_URL": postgres.url(postgres.create()),
            "SAFELIGHT_CACHE_URL": valkey.create(),
            "SAFELIGHT_BROKER_URL": broker.url,
            "SAFELIGHT_OBJECTS_URL": bucket,
            "SAFELIGHT_PROCESSOR_URLS": "http://127.0.0.1:10101",
            "SAFELIGHT_PROCESSOR_TOKEN": secrets.token_hex(32),
        }
        for name, value in (urls | variables).items():
            print(f"export {name}={value}", flush=True)
        print("Ctrl-C ends them and forgets what they hold.", file=sys.stderr, flush=True)
        try:
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
