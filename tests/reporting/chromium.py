"""A headless Chromium, driven through its DevTools protocol: what a page requests, what it logs, how large it is."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TIMEOUT = 60.0
NOISE = {
    "Network.requestWillBeSent",
    "Network.requestWillBeSentExtraInfo",
    "Log.entryAdded",
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
}
"""Events that a page should not cause."""


def executable() -> str | None:
    """The path of a browser, if there is one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events received meanwhile are kept."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=TIMEOUT))
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, path: Path, *, width: int = 1200, dark: bool = False) -> None:
        """Load a file on a screen of this width, and wait until it is complete."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._receive()
        # Two frames later, everything that a page does on its own has begun.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def noise(self) -> list[str]:
        """What the page has requested or complained of, except for requests of files and data URLs."""
        found = []
        for event in self.events:
            url = event["params"].get("request", {}).get("url", "")
            if event["method"] in NOISE and not url.startswith(("file:", "data:")):
                found.append(f"{event['method']}: {json.dumps(event['params'])[:300]}")
        return found

    def pdf(self) -> bytes:
        """The printed page."""
        import base64

        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])


@contextmanager
def opened(path: str) -> Iterator[Page]:
    """A browser with one tab."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            path,
            "--headless=new",
            "--no-sandbox",  # root cannot use the sandbox
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            try:
                assert process.stderr
                port = next(
                    found[1] for line in process.stderr if (found := re.search(r"DevTools listening on ws://[^:]+:(\d+)/", line))
                )
                with urlopen(f"http://127.0.0.1:{port}/json", timeout=TIMEOUT) as answer:
                    target = next(tab for tab in json.load(answer) if tab["type"] == "page")
                # Pings are sent by a thread that draws from the global `random`, which Hypothesis forbids while it generates examples.
                with connect(target["webSocketDebuggerUrl"], max_size=None, proxy=None, ping_interval=None) as socket:
                    yield Page(socket)
            finally:
                process.terminate()
