"""Hosts of their own on this machine: network namespaces, joined by veth pairs and a bridge."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from typing import Final, Self

import psutil

PROGRAMS: Final = ("ip", "unshare", "hostname", "sh", "setpriv")
_BLOCK: Final = "198.18"  # which RFC 2544 sets aside for tests of networks: no machine has such an address
_NAME: Final = re.compile("sw([0-9a-f]+)-[a-z]+")
_OUTSIDE: Final = 254  # last part of the address of this machine on the bridge


def missing() -> str | None:
    """Return in one line what hosts lack here, or None if they can be made."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if lacking:
        return f"hosts need the programs {', '.join(lacking)} (Debian's iproute2 and util-linux)"
    if os.geteuid() != 0:
        return "hosts need root: the right to make network namespaces"
    try:
        with Network(["probe"]):
            return None
    except subprocess.CalledProcessError as error:
        return f"hosts need the right to make network namespaces: {_reason(error)}"


def _reason(error: subprocess.CalledProcessError) -> str:
    return str(error.stderr).strip().replace("\n", "; ")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Network:
    """A bridge, and one namespace with a link to it for each host, all of which are removed at the end.

    This machine is on the bridge, too, and reaches every host. ``delay_ms`` is added to what each host sends, where the
    kernel can (``tc … netem``); otherwise ``delay_ms`` is 0 afterwards, and ``delay_fault`` has the reason.
    """

    def __init__(self, hosts: Sequence[str], delay_ms: float = 0) -> None:
        self.hosts = hosts
        self.delay_ms = delay_ms
        self.delay_fault = ""
        self.subnet = f"{_BLOCK}.{os.getpid() % 256}"  # so that two runs at once do not meet
        self._tag = f"sw{os.getpid():x}"
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._make(stack)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _make(self, stack: contextlib.ExitStack) -> None:
        """Make everything; what was made is removed by ``stack``, the newest first."""
        remove_leftovers()
        bridge = f"{self._tag}-br"
        _run("ip", "link", "add", bridge, "type", "bridge")
        stack.callback(_run, "ip", "link", "del", bridge)
        _run("ip", "addr", "add", f"{self.subnet}.{_OUTSIDE}/24", "dev", bridge)
        _run("ip", "link", "set", bridge, "up")
        for host in self.hosts:
            name = self._name(host)
            _run("ip", "netns", "add", name)
            stack.callback(_run, "ip", "netns", "del", name)
            _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            stack.callback(_run, "ip", "link", "del", name)
            stack.callback(self.kill, host)  # a namespace lives on as long as a process in it
            _run("ip", "link", "set", name, "master", bridge, "up")
            _run("ip", "-n", name, "addr", "add", f"{self.address(host)}/24", "dev", "eth0")
            _run("ip", "-n", name, "link", "set", "eth0", "up")
            _run("ip", "-n", name, "link", "set", "lo", "up")
            if self.delay_ms:
                self._delay(name)

    def _delay(self, namespace: str) -> None:
        try:
            _run("tc", "-n", namespace, "qdisc", "add", "dev", "eth0", "root", "netem", "delay", f"{self.delay_ms:g}ms")
        except (OSError, subprocess.CalledProcessError) as error:
            self.delay_ms = 0
            self.delay_fault = _reason(error) if isinstance(error, subprocess.CalledProcessError) else str(error)

    def _name(self, host: str) -> str:
        """Return the name of a host's namespace and of its link; that of a link may have 15 characters."""
        return f"{self._tag}-{host}"

    def address(self, host: str) -> str:
        return f"{self.subnet}.{self.hosts.index(host) + 1}"

    def command(self, host: str, *command: str) -> list[str]:
        """Return the command that runs ``command`` on a host that has its own name, too; the process ID stays."""
        renamed = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host]
        return ["ip", "netns", "exec", self._name(host), *renamed, *command]

    def cut_off(self, host: str) -> None:
        """Take the link of a host away, as if its cable were pulled: connections stay open and packets disappear."""
        _run("ip", "link", "set", self._name(host), "down")

    def join(self, host: str) -> None:
        """Give a host its link back."""
        _run("ip", "link", "set", self._name(host), "up")

    def kill(self, host: str) -> None:
        """Send SIGKILL to every process of a host."""
        _kill_all(self._name(host))


def _kill_all(namespace: str) -> None:
    for pid in _run("ip", "netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def remove_leftovers() -> None:
    """Remove what a run that was killed left behind; names contain the ID of the process that made them."""
    for line in _run("ip", "netns", "list").splitlines():
        namespace = line.split()[0]
        if _is_left_over(namespace):
            _kill_all(namespace)
            _run("ip", "netns", "del", namespace)
    for line in _run("ip", "-brief", "link").splitlines():
        link = line.split()[0].partition("@")[0]
        if _is_left_over(link):
            _run("ip", "link", "del", link)


def _is_left_over(name: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and not psutil.pid_exists(int(match[1], 16))
