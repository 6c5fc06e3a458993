"""A bare Starlette application on the product's own server: `python -m bench.api.bare FOLDER`.

It serves the files of the folder that were there at its start, asks nobody for anything, and
writes what is put to it into a file while it hashes it.
"""

import hashlib
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from safelight.serving import Server, address, bind


def application(folder: Path) -> Starlette:
    ready = {path.name: path.read_bytes() for path in folder.iterdir()}

    async def get(request: Request) -> Response:
        return Response(ready[request.path_params["name"]], media_type="application/json")

    async def unchanged(_request: Request) -> Response:
        return Response(status_code=304, headers={"ETag": '"1"'})

    async def put(request: Request) -> Response:
        digest = hashlib.sha256()
        with (folder / "received").open("wb") as file:
            async for chunk in request.stream():
                digest.update(chunk)
                file.write(chunk)
        return Response(digest.hexdigest(), status_code=201)

    return Starlette(
        routes=[
            Route("/files/{name}", get),
            Route("/unchanged/{name}", unchanged),
            Route("/received", put, methods=["POST"]),
        ]
    )


if __name__ == "__main__":
    listener = bind("127.0.0.1", 0)
    print(f"serving {address(listener)}", flush=True)
    Server(application(Path(sys.argv[1])), 1).serve_on(listener)
