"""The proxies whose configurations are in ``deploy``, started with them on free ports."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import paths
from tests.support.prometheus import free_port

NAME = "news.example.org"  # as in the configurations


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its ports on 127.0.0.1."""

    https: int
    http: int


def find(program: str) -> str:
    """Return the path of a program, or skip the test. nginx is in ``/usr/sbin``, which may not be on the PATH."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@contextlib.contextmanager
def run_nginx(directory: Path, api_port: int) -> Iterator[Proxy]:
    """Run nginx with ``deploy/nginx/stancewire.conf``, whose ports and paths are replaced."""
    proxy = Proxy(free_port(), free_port())
    certificate, key = make_certificate(directory)
    site = (paths.ROOT / "deploy/nginx/stancewire.conf").read_text()
    for old, new in {
        "127.0.0.1:8400": f"127.0.0.1:{api_port}",
        "listen 80;": f"listen 127.0.0.1:{proxy.http};",
        "listen 443 ": f"listen 127.0.0.1:{proxy.https} ",
        "/etc/ssl/stancewire/fullchain.pem": str(certificate),
        "/etc/ssl/stancewire/privkey.pem": str(key),
    }.items():
        assert old in site, old
        site = site.replace(old, new)
    folders = "".join(
        f"{name}_temp_path {directory}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = directory / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {directory}/pid; error_log stderr; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; {folders}\n{site}}}\n"
    )
    command = [find("nginx"), "-e", "stderr", "-p", str(directory), "-c", str(configuration)]
    with _running(command, directory / "nginx.log", proxy):
        yield proxy


@contextlib.contextmanager
def run_caddy(directory: Path, api_port: int) -> Iterator[Proxy]:
    """Run Caddy with ``deploy/caddy/Caddyfile``, with our certificate instead of one that it would order."""
    proxy = Proxy(free_port(), free_port())
    certificate, key = make_certificate(directory)
    site = (paths.ROOT / "deploy/caddy/Caddyfile").read_text()
    for old, new in {
        "127.0.0.1:8400": f"127.0.0.1:{api_port}",
        f"\n{NAME} {{\n": f"\n{NAME} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}\n",
    }.items():
        assert old in site, old
        site = site.replace(old, new)
    configuration = directory / "Caddyfile"
    ports = f"\tadmin off\n\thttp_port {proxy.http}\n\thttps_port {proxy.https}\n\tskip_install_trust\n"
    configuration.write_text(f"{{\n{ports}}}\n{site}")
    command = [find("caddy"), "run", "--adapter", "caddyfile", "--config", str(configuration)]
    with _running(command, directory / "caddy.log", proxy):
        yield proxy


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate of `NAME` that signs itself, and return the paths of it and of its key."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = [find("openssl"), "req", "-x509", "-nodes", *curve, *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@contextlib.contextmanager
def _running(command: list[str], log: Path, proxy: Proxy) -> Iterator[None]:
    environment = {"HOME": str(log.parent), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        for port in (proxy.https, proxy.http):
            _wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the proxy did not start: {log.read_text()}")
