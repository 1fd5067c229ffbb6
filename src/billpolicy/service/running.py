"""The service as a process: it listens, and stops when what it has begun is done."""

from __future__ import annotations

import uvicorn

from billpolicy.service.app import app_of
from billpolicy.service.serving import Serving

GRACE_SECONDS = 30
"""How long what has begun may take when the service is to stop."""


def run(serving: Serving, host: str, port: int) -> None:
    """Serve until a signal says to stop."""
    config = uvicorn.Config(
        app_of(serving),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run()
