"""A service that listens on this machine, and a browser that looks at its pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from billpolicy.service.app import app_of
from billpolicy.service.serving import Serving

HERE = Path(__file__).parent
_QUALITY = (HERE.parent / "pictures" / "quality.js").read_text(encoding="utf-8")
_AXE = HERE / "axe" / "axe.min.js"
_SERIOUS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
}"""


@contextmanager
def listening(serving: Serving) -> Iterator[str]:
    """The address of a service in a thread of this process."""
    config = uvicorn.Config(app_of(serving), host="127.0.0.1", port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < until, "the service did not begin to listen"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def visited(browser: Any, address: str, *, width: int = 1200, script: bool = True, scheme: str = "light") -> Any:
    """A page; whatever goes wrong on it, and whatever it fetches from elsewhere, is a line of `page.wrong`."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        java_script_enabled=script,
        color_scheme=scheme,
        reduced_motion="reduce",  # so that what is looked at does not depend on when
    )
    page = context.new_page()
    page.wrong = []
    home = "/".join(address.split("/")[:3])
    page.on("console", lambda message: page.wrong.append(message.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(home) else page.wrong.append(asked.url))
    page.set_default_timeout(20_000)  # however busy the machine is
    page.goto(address)
    return page


def wrong_with(page: Any) -> list[str]:
    """What keeps somebody from reading or using the page as it is now: by our own list, and what axe calls serious."""
    # The pages' own policy of content lets no script in but theirs, so axe is run beside the page and not in it.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    return [*page.evaluate(_QUALITY), *page.evaluate(_SERIOUS), *page.wrong]
