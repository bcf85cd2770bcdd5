"""A headless browser, driven through the pipe that Chromium's DevTools protocol offers."""

import base64
import json
import os
import shutil
import subprocess
import tempfile

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--remote-debugging-pipe"
)


def executable():
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


class Browser:
    """One page, as wide and as dark as :meth:`open` says."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (reads, self._out), (self._in, writes) = os.pipe(), os.pipe()
        # Chromium reads commands from descriptor 3 and writes to descriptor 4
        shell = f'exec 3<&{reads} 4>&{writes}; exec "$0" "$@"'
        words = [executable(), *_FLAGS.split(), f"--user-data-dir={self._folder.name}"]
        self._process = subprocess.Popen(
            ["bash", "-c", shell, *words],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._number, self._rest, self._events, self._session = 0, b"", [], None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Page.enable")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        self._folder.cleanup()

    def open(self, path, *, width, scheme):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", features=[feature])
        self._events.clear()
        url = path if isinstance(path, str) else path.resolve().as_uri()
        self._call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self._events or self.evaluate("location.href") != url:
            self._read()

    def evaluate(self, script):
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def until(self, condition, *, seconds=20):
        """Wait until a condition of the page is true, and return its value."""
        script = f"""new Promise((done) => {{
            const begun = Date.now();
            const look = () => {{
                let value = null;
                try {{ value = {condition}; }} catch {{ /* not there yet */ }}
                if (value instanceof Node) value = true;
                if (value || Date.now() - begun > {1000 * seconds}) done(value);
                else setTimeout(look, 25);
            }};
            look();
        }})"""
        answer = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        value = answer["result"].get("value")
        assert value, f"not within {seconds} s: {condition}"
        return value

    def press(self, key, *, code=None):
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key, **text)

    def screenshot(self):
        box = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": box["width"], "height": box["height"], "scale": 1}
        taken = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])

    def _call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self):
        while b"\0" not in self._rest:
            part = os.read(self._in, 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(line)
        self._events.append(message.get("method"))
        return message
