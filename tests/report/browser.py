"""Drives a real Chromium through its own pipe: no driver, no network, no library. Knows no page."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
_SECONDS = 30.0


def find() -> str | None:
    """Return the browser; `CHROMIUM` names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """One headless browser with one tab. `messages` and `requests` hold what the page logged and asked for."""

    def __init__(self, program: str, folder: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        options = [
            "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--no-default-browser-check", "--hide-scrollbars",
            f"--user-data-dir={folder}",
        ]  # fmt: skip
        # The browser reads its orders from 3 and answers on 4.
        placed = ["bash", "-c", f'exec 5<&{to_read} 6>&{to_write} && exec "$@" 3<&5 4>&6', "bash"]
        self._process = subprocess.Popen(
            [*placed, program, *options, "about:blank"], pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": os.fspath(folder)},
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._number = 0
        self._buffer = b""
        self._session: str | None = None
        self.messages: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        target = next(t for t in self._send("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self._send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def open(
        self, page: Path, *, width: int = 1440, dark: bool = False, scripts: bool = True, motion: bool = True
    ) -> None:
        """Load a file in a window of a width, for a reader with these wishes."""
        self.messages.clear()
        self.requests.clear()
        self._send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"},
        ]
        self._send("Emulation.setEmulatedMedia", media="", features=features)
        self._loaded = False
        self._send(
            "Page.navigate", url="about:blank"
        )  # else another fragment of the same page is no new page
        self.wait(lambda: self._loaded)
        self._loaded = False
        self.requests.clear()
        self._send("Page.navigate", url=page.resolve().as_uri())
        self.wait(lambda: self._loaded)

    def resize(self, width: int, height: int = 900) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._send("Emulation.setDeviceMetricsOverride", **size)

    def js(self, expression: str) -> Any:
        """Return what an expression is worth; raises AssertionError for one that throws."""
        found = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of an element, after scrolling to it."""
        x, y = self.hover(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def hover(self, selector: str) -> tuple[float, float]:
        """Point at the middle of an element, after scrolling to it; returns where that is."""
        x, y = self.js(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self._send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        return x, y

    def press(self, key: str) -> None:
        """Press a key: one of `_KEYS`, or a character."""
        code = {"key": key, "windowsVirtualKeyCode": _KEYS.get(key, 0), "code": key if key in _KEYS else ""}
        text = {"Enter": "\r"}.get(key, "" if key in _KEYS else key)
        self._send("Input.dispatchKeyEvent", type="keyDown", **code, **({"text": text} if text else {}))
        self._send("Input.dispatchKeyEvent", type="keyUp", **code)

    def screenshot(self, target: Path, *, whole: bool = True) -> None:
        clip = {}
        if whole:
            box = self._send("Page.getLayoutMetrics")["cssContentSize"]
            height = min(box["height"], 16_000)
            clip = {"clip": {"x": 0, "y": 0, "width": box["width"], "height": height, "scale": 1}}
        data = self._send("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **clip)["data"]
        target.write_bytes(base64.b64decode(data))

    def pdf(self) -> bytes:
        """Return the page as it would be printed on A4."""
        size = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return base64.b64decode(self._send("Page.printToPDF", preferCSSPageSize=False, **size)["data"])

    def wait(self, happened: Callable[[], bool]) -> None:
        """Wait until something is so; it is asked after each word of the browser's."""
        end = time.monotonic() + _SECONDS
        while not happened():
            assert time.monotonic() < end, "the browser does not answer"
            self._send("Browser.getVersion", outside=True)
            time.sleep(0.01)

    def _send(self, method: str, *, outside: bool = False, **params: Any) -> dict[str, Any]:
        self._number += 1
        order: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session and not outside:
            order["sessionId"] = self._session
        os.write(self._write, json.dumps(order).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self._hear(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has ended"
            self._buffer += data
        one, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(one)
        return answer

    def _hear(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event["method"] == "Page.loadEventFired":
            self._loaded = True
        elif event["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.messages.append(str(params["exceptionDetails"]))
        elif event["method"] == "Runtime.consoleAPICalled":
            self.messages.append(str(params["args"]))
        elif event["method"] == "Log.entryAdded":
            self.messages.append(params["entry"]["text"])
