"""The files that pages are made with: those of this room, and those that pages in one file have, too."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

_CSS, _SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
_OWN, _SHARED = "billpolicy.service.static", "billpolicy.report.html"


class _File(NamedTuple):
    package: str
    type: str


FILES = {
    "htmx.min.js": _File(_OWN, _SCRIPT),
    "service.js": _File(_OWN, _SCRIPT),
    "service.css": _File(_OWN, _CSS),
    "accounts.css": _File(_OWN, _CSS),
    "editor.css": _File(_OWN, _CSS),
    "editor.js": _File(_OWN, _SCRIPT),
    "page.css": _File(_SHARED, _CSS),
    "matrix.css": _File(_SHARED, _CSS),
    "matrix.js": _File(_SHARED, _SCRIPT),
    "charts.css": _File(_SHARED, _CSS),
    "explain.css": _File(_SHARED, _CSS),
}


async def static(request: Request) -> Response:
    """One of them; not again where the browser has it."""
    name = request.path_params["name"]
    if name not in FILES:
        from starlette.exceptions import HTTPException

        raise HTTPException(404)
    found = FILES[name]
    content = files(found.package).joinpath(name).read_bytes()
    headers = {"etag": f'"{sha256(content).hexdigest()[:32]}"', "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=found.type)
