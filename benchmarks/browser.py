"""Headless Chromium in which every request to another host is refused and counted, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
MAX_START_S = 60.0
MAX_WAIT_S = 30.0
SETTLED_S = 1.0
"""How long a page is watched after its last request was answered."""

_POINT = """(() => {
  const found = [...document.querySelectorAll("*")].filter((e) => !e.children.length && e.textContent.trim() === %s).pop();
  if (!found) return null;
  found.scrollIntoView({ block: "center" });
  const area = found.getBoundingClientRect();
  return [area.x + area.width / 2, area.y + area.height / 2];
})()"""

QUIET = (
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=AimEnabled,AutofillServerCommunication,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,"
    "PreconnectToSearch,Translate",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
)
"""Without these, Chromium itself asks for updates, for the time, and for its search engine."""


def chromium() -> str | None:
    """Path to Chromium or Chrome, if one is installed."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class _Refusal(socketserver.StreamRequestHandler):
    """Records one request and refuses it."""

    timeout = 10

    def handle(self) -> None:
        line = self.rfile.readline(65536).decode("latin-1").strip()
        if line and isinstance(self.server, RefusingProxy):
            self.server.requests.append(line.rpartition(" ")[0])
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class RefusingProxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy that lets nothing through. It serves while its context lasts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.requests: list[str] = []
        """Method and target of each request, such as ``CONNECT fonts.example:443``."""

    def __enter__(self) -> RefusingProxy:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Browser:
    """A running Chromium. Create it with `open_browser`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self._events: list[dict[str, Any]] = []
        self.own_requests: frozenset[str] = frozenset()
        """What Chromium itself asked for with an empty page: another version may do so in spite of `QUIET`."""
        with self.page("about:blank") as empty:
            self.own_requests = frozenset(empty.outside_requests)

    def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol and return its result.

        Raises:
            RuntimeError: Chromium refuses it.
        """
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        self._connection.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._connection.recv(timeout=MAX_WAIT_S))
            if answer.get("id") != self._last:
                self._events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def events(self, session: str, wait_s: float) -> list[dict[str, Any]]:
        """The events of one page since the last call, after waiting for more."""
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0:
            try:
                self._events.append(json.loads(self._connection.recv(timeout=left)))
            except TimeoutError:
                break
        found = [event for event in self._events if event.get("sessionId") == session]
        self._events = [event for event in self._events if event.get("sessionId") != session]
        return found

    @contextmanager
    def page(self, url: str) -> Iterator[Page]:
        """A page in a profile of its own. Requests to other addresses than `url`'s own go to a proxy that refuses them."""
        with RefusingProxy() as proxy:
            # without <-loopback>, other ports of this machine would not go through the proxy
            own = f"<-loopback>;{urlsplit(url).netloc}"
            profile = self.command("Target.createBrowserContext", proxyServer=proxy.url, proxyBypassList=own)["browserContextId"]
            target = self.command("Target.createTarget", url="about:blank", browserContextId=profile, width=1280, height=900)
            session = self.command("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
            try:
                page = Page(self, session, proxy)
                page.go(url)
                yield page
            finally:
                self.command("Target.disposeBrowserContext", browserContextId=profile)


class Page:
    """One page of a `Browser`.

    Attributes:
        problems: texts of exceptions, refused loads and violations of its policy.
    """

    def __init__(self, browser: Browser, session: str, proxy: RefusingProxy) -> None:
        self._browser, self._session, self._proxy = browser, session, proxy
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.command(f"{domain}.enable")
        self.command("Page.setLifecycleEventsEnabled", enabled=True)

    @property
    def outside_requests(self) -> list[str]:
        """Method and target of every request to another host, without those of Chromium itself."""
        return [request for request in self._proxy.requests if request not in self._browser.own_requests]

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command of the DevTools protocol for this page."""
        return self._browser.command(method, self._session, **parameters)

    def go(self, url: str) -> None:
        """Open an address and wait until the page has loaded and nothing has been requested for a while.

        Raises:
            RuntimeError: it cannot be opened, or the server answers that there is no such page.
            TimeoutError: it is still busy after 30 s.
        """
        self._browser.events(self._session, 0)
        if problem := self.command("Page.navigate", url=url).get("errorText"):
            raise RuntimeError(f"{url}: {problem}")
        end = time.monotonic() + MAX_WAIT_S
        while "networkIdle" not in self._names_of_lifecycle_events(0.1):
            if time.monotonic() > end:
                raise TimeoutError(f"{url} is still busy after {MAX_WAIT_S:g} s.")
        if (status := self.evaluate("performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0")) >= 400:
            raise RuntimeError(f"{url}: status {status}")
        self.settle()

    def settle(self, seconds: float = SETTLED_S) -> None:
        """Watch the page a little longer, for what it asks for late."""
        self._names_of_lifecycle_events(seconds)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise.

        Raises:
            RuntimeError: it throws.
        """
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until a JavaScript expression is true, and return its value.

        Raises:
            TimeoutError: it is not true after 30 s.
        """
        end = time.monotonic() + MAX_WAIT_S
        while not (value := self.evaluate(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression} is still {value!r} after {MAX_WAIT_S:g} s; the page: {self.text[:2000]}")
            self._names_of_lifecycle_events(0.1)
        return value

    @property
    def text(self) -> str:
        """What a reader sees."""
        return str(self.evaluate("document.body.innerText"))

    def click(self, text: str) -> None:
        """Click, with a mouse, on the last innermost element with exactly this text, once it is there and stands still."""
        previous, point = None, self.wait_for(_POINT % json.dumps(text))
        while point != previous:
            self.settle(0.2)
            previous, point = point, self.wait_for(_POINT % json.dumps(text))
        at = {"x": point[0], "y": point[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, **at)

    def choose_file(self, selector: str, path: Path) -> None:
        """Put a file into a file field."""
        root = self.command("DOM.getDocument")["root"]["nodeId"]
        node = self.command("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.command("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def picture(self) -> bytes:
        """The whole page as PNG."""
        data: str = self.command("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        return base64.b64decode(data)

    def _names_of_lifecycle_events(self, wait_s: float) -> set[str]:
        names = set()
        for event in self._browser.events(self._session, wait_s):
            parameters = event["params"]
            if event["method"] == "Page.lifecycleEvent":
                names.add(parameters["name"])
            elif event["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                self.problems.append(details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                self.problems.append(parameters["entry"]["text"])
        return names


@contextmanager
def open_browser(executable: str) -> Iterator[Browser]:
    """Start Chromium, with a profile that is deleted afterwards.

    Args:
        executable: see `chromium`.

    Raises:
        TimeoutError: it does not start.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, RefusingProxy() as proxy:
        # no sandbox: it needs rights that containers do not give, and the pages are our own
        command = [executable, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET]
        command += [f"--user-data-dir={profile}", "--remote-debugging-port=0", f"--proxy-server={proxy.url}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = _debugging_address(process, Path(profile) / "DevToolsActivePort")
            with connect(address, max_size=None, proxy=None) as connection:
                yield Browser(connection)
        finally:
            process.terminate()
            process.wait(timeout=MAX_WAIT_S)


def _debugging_address(process: subprocess.Popen[bytes], file: Path) -> str:
    end = time.monotonic() + MAX_START_S
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and len(lines := file.read_text(encoding="ascii").split()) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} did not start within {MAX_START_S:g} s (exit status {process.poll()}).")
