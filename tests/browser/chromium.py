"""Where a Chromium is; run as a script it also installs one, where that can be done without asking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    # A page that a test answers itself has no address, and would not be let to the server on this machine.
    "--disable-features=LocalNetworkAccessChecks",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "No Chromium or Chrome was found, and the browser tests need one. Install it (Debian and Ubuntu: "
    "apt install chromium; macOS: brew install --cask chromium) or name it: "
    "make test PLAYWRIGHT_CHROMIUM=/path/to/chromium"
)


def find() -> str | None:
    """Path of the browser: the variable PLAYWRIGHT_CHROMIUM, a usual name on the path, or an application."""
    named = os.environ.get("PLAYWRIGHT_CHROMIUM")
    if named:
        return named if Path(named).exists() else shutil.which(named)
    on_path = next((path for path in map(shutil.which, NAMES) if path), None)
    return on_path or next((path for path in APPLICATIONS if Path(path).exists()), None)


def install() -> None:
    """Install Debian's chromium; only as root, where apt-get is there and no browser was named."""
    if os.environ.get("PLAYWRIGHT_CHROMIUM") or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    print("No browser found: installing Debian's chromium", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=env, check=True)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    if find() is None:
        install()
    sys.exit(ADVICE if find() is None else 0)
