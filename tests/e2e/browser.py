"""A headless Chromium that a test looks at a page with, driven over a pipe by the DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# Texts with less contrast than WCAG asks for (4.5).
POOR_CONTRAST = """
(() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const under = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest("[disabled],script,noscript")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(under(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.add(`${e.tagName}.${e.className}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return [...poor];
})()"""


class Browser:
    """One page. `requests` has every URL it asked for, `console` what it complained of."""

    def __init__(self, width=1280, height=900):
        self.profile = tempfile.mkdtemp(prefix="gorotrace-browser.")
        their_in, self.out = os.pipe()
        self.inp, their_out = os.pipe()
        # No host but this one has an address: a request that leaves the page fails, and is counted all the same.
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                   "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--lang=en-US",
                   "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--window-size={width},{height}",
                   f"--user-data-dir={self.profile}", "about:blank"]
        # It reads at descriptor 3 and writes at 4.
        self.popen = subprocess.Popen(
            ["bash", "-c", f'exec 13<&{their_in} 14>&{their_out}; exec 3<&13 4>&14 13<&- 14>&-; exec "$@"', "browser",
             "chromium", *options],
            pass_fds=(their_in, their_out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.close(their_in)
        os.close(their_out)
        self.buffer, self.number, self.session = b"", 0, None
        self.requests, self.console, self.loaded = [], [], False
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()
        self.popen.stderr.close()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _read(self, timeout=60):
        end = time.monotonic() + timeout
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.inp], [], [], max(0, end - time.monotonic()))
            assert ready, f"the browser said nothing for {timeout} s"
            piece = os.read(self.inp, 1 << 16)
            assert piece, f"the browser ended: {self.popen.stderr.read().decode()[-2000:]}"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.console.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.console.append(str([a.get("value", a.get("description")) for a in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(params["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def open(self, page):
        """A file, or an address: http://127.0.0.1:PORT/, about:blank."""
        self.loaded = False
        address = str(page).startswith(("http://", "about:"))
        answer = self.call("Page.navigate", url=page if address else f"file://{page}")
        while "loaderId" in answer and not self.loaded:  # else it is another part of the page that is shown
            self._read()

    def run(self, expression):
        """What a JavaScript expression is worth."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def resize(self, width, height=900, touch=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def key(self, name, text=""):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        event = {"key": name, "code": name, "windowsVirtualKeyCode": codes.get(name, ord(name[0].upper()))}
        if name == "Enter":
            text = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def focus(self, selector):
        assert self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e && e.focus();"
                        f" return !!e && document.activeElement === e; }})()"), f"{selector} takes no focus"

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)}).textContent")

    def texts(self, selector):
        return self.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def poor_contrast(self):
        return self.run(POOR_CONTRAST)

    def drawn(self, selector):
        """How many canvases have something on them."""
        return self.run(f"""[...document.querySelectorAll({json.dumps(selector)})].filter((c) => c.width * c.height > 0 &&
            c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v !== 0)).length""")

    def until(self, expression, seconds=20):
        """Waits for a JavaScript expression to be true, and says what it is worth."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(expression)
            if value:
                return value
            assert time.monotonic() < end, f"not true within {seconds} s: {expression}\n{self.run('document.body.innerText')}"
            time.sleep(0.05)

    def screenshot(self, path, whole=True):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **({"clip": {
            "x": 0, "y": 0, "scale": 1, "width": self.run("document.documentElement.clientWidth"),
            "height": self.run("document.documentElement.scrollHeight")}} if whole else {}))
        image = base64.b64decode(shot["data"])
        with open(path, "wb") as file:
            file.write(image)
        return image
