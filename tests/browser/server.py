"""One real JupyterLab, with Jupyter Notebook 7 beside it, on a free loopback port, with nothing of the user's configuration."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}


EXTENSION = Path(__file__).resolve().parents[2] / "build" / "labextension"


class Server:
    """A running `jupyter lab`; its folders lie in `home`, its notebooks in `notebooks`.

    Unless told otherwise it is that of this Python, with our extension as it is built.
    """

    def __init__(
        self,
        home: Path,
        notebooks: Path,
        *,
        python: Path = Path(sys.executable),
        variables: Mapping[str, str] = os.environ,
    ) -> None:
        self.notebooks = notebooks
        self.kernel: str | None = None
        self.token = secrets.token_hex(16)
        self.log = home / "server.log"
        folders = {name: home / name for name in ("config", "data", "runtime", "settings", "workspaces", "ipython")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        for name, values in SETTINGS.items():
            path = folders["settings"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        if python == Path(sys.executable):
            _link_extension(home)
        environment = {key: value for key, value in variables.items() if not key.startswith(("JUPYTER", "IPYTHON"))}
        environment |= {
            "JUPYTER_CONFIG_DIR": str(folders["config"]),
            "JUPYTER_PATH": str(home / "share"),
            "JUPYTER_DATA_DIR": str(folders["data"]),
            "JUPYTER_RUNTIME_DIR": str(folders["runtime"]),
            "JUPYTERLAB_SETTINGS_DIR": str(folders["settings"]),
            "JUPYTERLAB_WORKSPACES_DIR": str(folders["workspaces"]),
            "IPYTHONDIR": str(folders["ipython"]),
        }
        command = [
            str(python),
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ip=127.0.0.1",
            "--port=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={notebooks}",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            "--LabApp.news_url=",
            "--ServerApp.terminals_enabled=False",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=home)
        self.data = folders["data"]
        self.url = self._wait(folders["runtime"])

    def _wait(self, runtime: Path, seconds: float = 90) -> str:
        """The address, once the server answers there."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            for path in runtime.glob("jpserver-*.json"):
                try:
                    url = str(json.loads(path.read_text())["url"]).rstrip("/")
                    self.request(url, "/api/status")
                except (OSError, ValueError):
                    continue
                return url
            time.sleep(0.1)
        self.close()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def request(self, url: str, path: str, method: str = "GET", body: object = None) -> Any:
        """JSON answer of the server's API; None where it has none."""
        headers = {"Authorization": f"token {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{url}{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def share_kernel(self, name: str) -> None:
        """Let the notebook `name` open with the kernel of those that were named here before."""
        if self.kernel is None:
            self.kernel = self.request(self.url, "/api/kernels", "POST", {"name": "python3"})["id"]
        session = {"path": name, "name": name, "type": "notebook", "kernel": {"id": self.kernel}}
        self.request(self.url, "/api/sessions", "POST", session)

    def stop_kernels(self) -> None:
        """Stop all but the shared one."""
        for kernel in self.request(self.url, "/api/kernels"):
            if kernel["id"] != self.kernel:
                self.request(self.url, f"/api/kernels/{kernel['id']}", "DELETE")

    def restart_shared_kernel(self) -> None:
        self.request(self.url, f"/api/kernels/{self.kernel}/restart", "POST", {})

    def close(self) -> None:
        """Stop the server and with it its kernels."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _link_extension(home: Path) -> None:
    """Let JupyterLab find our extension as it is built."""
    if not (EXTENSION / "package.json").is_file():
        raise RuntimeError(f"{EXTENSION} is missing: run `npm run build`.")
    folder = home / "share" / "labextensions"
    folder.mkdir(parents=True)
    (folder / "rodflow-widgets").symlink_to(EXTENSION)
