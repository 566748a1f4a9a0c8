"""`make attack`: some thousand hostile requests to a service of its own, and a table of what came of each kind.

The service is `stancewire up` with the rules pipeline. An answer has to be no server's fault, in time, short, without
a trace of the code or of the machine, with no header of the attacker's and no redirect to his host; requests without
authority have to be refused; a refusal under ``/v1`` is a problem document. Between the requests an honest client
pushes articles, all of which have to be there in the end.
"""

from __future__ import annotations

import argparse
import contextlib
import http
import http.client
import json
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import httpx

from services.contracts import JobState
from tests.attack.requests import ADMIN, HostileRequest, all_requests
from tests.hostile.service import Service, running_service
from tests.support.postgres import PostgresServer, find_programs

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "security.md"
_MARKS: Final = "<!-- attack on {0}: made by `make attack` -->", "<!-- /attack on {0} -->"
_LIMIT_S: Final = 10.0
_LONGEST: Final = 1_000_000
_NO_HTTP: Final = b"Invalid HTTP request received."
_HONEST_EVERY: Final = 100
_HONEST_PATIENCE_S: Final = 60
_COME_AGAIN: Final = {http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE}
_TRACES: Final = re.compile(rb"Traceback|site-packages|sqlalchemy|psycopg|File \"/|root:x:0|sqlite3?\.")
_MEANINGS: Final = {
    "keys": "every operation without a key, with a wrong one, with a broken header",
    "parameters": "every parameter of a path or a query with each hostile text",
    "fields": "every field of every JSON body with values of other types and each hostile text",
    "headers": "headers that proxies, caches and frameworks obey, with each hostile text",
    "paths": "paths out of the tree, of other software, that redirect",
    "methods": "every path with methods that it does not have",
    "bodies": "truncated, nested, oversized, compressed and foreign bodies, batches, XML with entities",
}


class Attacker:
    """Sends hostile requests over one connection after the other, and says what is wrong with an answer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._address = service.url.removeprefix("http://")

    def send(self, request: HostileRequest) -> tuple[int, str]:
        """Return the status, 0 for a connection that ended without an answer, and what is wrong, or ""."""
        began = time.monotonic()
        try:
            status, headers, content = self._exchange(request)
        except ValueError:  # the client itself refuses to send it
            return -1, ""
        except (OSError, http.client.HTTPException, httpx.HTTPError) as error:
            return 0, f"no answer: {type(error).__name__}"
        return status, self._fault(request, status, headers, content, time.monotonic() - began)

    def _exchange(self, request: HostileRequest) -> tuple[int, dict[str, str], bytes]:
        if request.content is not None:  # httpx reads an answer that comes while a large body is still being sent
            answer = self._service.stack.client.request(
                request.method, request.path, content=request.content, headers=request.headers
            )
            return answer.status_code, dict(answer.headers), answer.content
        connection = http.client.HTTPConnection(self._address, timeout=2 * _LIMIT_S)
        headers = dict(request.headers)
        if request.key is not None:
            headers["Authorization"] = f"Bearer {self._service.stack.key}" if request.key == ADMIN else request.key
        try:
            connection.request(request.method, request.path, headers=headers)
            response = connection.getresponse()
            endless = response.getheader("Content-Type", "").startswith("text/event-stream")
            content = response.read1(_LONGEST) if endless else response.read(_LONGEST + 1)
            return response.status, {name.lower(): value for name, value in response.getheaders()}, content
        finally:
            connection.close()

    def _fault(
        self, request: HostileRequest, status: int, headers: dict[str, str], content: bytes, seconds: float
    ) -> str:
        obeys = "x-injected" in headers or "evil.example" in headers.get("location", "")
        faults = {
            f"status {status}": status >= 500 and status not in _allowed(request),
            f"status {status} instead of {sorted(request.refused)}": request.refused and status not in request.refused,
            f"answered after {seconds:.0f} s": seconds > _LIMIT_S,
            f"an answer of more than {_LONGEST} bytes": len(content) > _LONGEST,
            "the answer shows code or files": _TRACES.search(content),
            "the answer obeys the attacker": obeys,
            "the refusal is no problem document": status >= 400 and not _is_problem(request, headers, content),
        }
        return "; ".join(fault for fault, holds in faults.items() if holds)


def _allowed(request: HostileRequest) -> set[int]:
    """Return the statuses from 500 on that are right: of an unknown method, and of what has to be sent again."""
    later = {http.HTTPStatus.SERVICE_UNAVAILABLE} if request.path.startswith("/v1/push/") else set()
    return {http.HTTPStatus.NOT_IMPLEMENTED, *later, *request.refused}


def _is_problem(request: HostileRequest, headers: dict[str, str], content: bytes) -> bool:
    """Return whether a refusal is a problem document with code and detail.

    Outside of ``/v1`` it may be a page. Bytes that are not HTTP are refused before the application sees them.
    """
    if not request.path.startswith("/v1/") or content in {b"", _NO_HTTP}:
        return True
    if not headers.get("content-type", "").startswith("application/problem+json"):
        return False
    problem = json.loads(content)
    return bool(problem.get("code") and problem.get("detail"))


def attack(service: Service, every: int = 1) -> tuple[dict[str, Counter[int]], list[str]]:
    """Send the requests, or only each ``every``-th; return the statuses by kind, and the faults."""
    document = service.stack.client.get("/openapi.json").json()
    attacker = Attacker(service)
    statuses: dict[str, Counter[int]] = defaultdict(Counter)
    faults: list[str] = []
    honest: list[str] = []
    for number, request in enumerate(islice(all_requests(document), 0, None, every)):
        if number % _HONEST_EVERY == 0:
            honest.append(_push_honestly(service.stack.client, number))
        status, fault = attacker.send(request)
        statuses[request.kind][status] += 1
        if fault:
            faults.append(f"{request.kind}: {request.name}: {fault}")
    faults += _honest_faults(service, honest)
    return dict(statuses), faults


def _push_honestly(client: httpx.Client, number: int) -> str:
    """Push an article as a feed does, which comes again when it is asked to; return its job.

    Raises `httpx.HTTPStatusError` if the article is not accepted within a minute.
    """
    end = time.monotonic() + _HONEST_PATIENCE_S
    while True:
        client.delete("/v1/pause")  # the attack has the administrator's key, and may have paused intake
        body = {"body": f"The minister said that number {number} was right.", "feed": "honest"}
        answer = client.post("/v1/articles", json=body)
        if answer.status_code not in _COME_AGAIN or time.monotonic() > end:
            job: str = answer.raise_for_status().json()["id"]
            return job
        time.sleep(float(answer.headers.get("retry-after", 1)))


def _honest_faults(service: Service, jobs: list[str]) -> list[str]:
    """Return what is wrong with the articles of the honest client, and with the service after all."""
    faults = []
    for job in jobs:
        answer = service.stack.client.get(f"/v1/jobs/{job}", headers={"Prefer": "wait=30"})
        if answer.json()["metadata"]["state"] != JobState.SUCCEEDED:
            faults.append(f"honest article: {answer.status_code} {answer.text[:200]}")
    if service.stack.process.poll() is not None:
        faults.append("the service has ended")
    if "Traceback" in service.log():
        faults.append("a traceback in the log")
    return faults


def table(statuses: dict[str, Counter[int]], faults: list[str]) -> str:
    """Return the table as Markdown."""
    lines = ["| kind | requests | answers | faults |", "|---|---|---|---|"]
    for kind, counts in statuses.items():
        answers = ", ".join(f"{status}: {number}" for status, number in sorted(counts.items()) if status > 0)
        unsent = counts[-1]
        answers += f", {unsent} not sent: the client refuses them" if unsent else ""
        wrong = sum(fault.startswith(f"{kind}: ") for fault in faults)
        lines.append(f"| {_MEANINGS[kind]} | {counts.total()} | {answers} | {wrong} |")
    total = sum(counts.total() for counts in statuses.values())
    return "\n".join([*lines, f"| all | {total} | | {len(faults)} |"])


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    """Run a server with an empty database, and yield the address of the database."""
    programs = find_programs()
    if programs is None:
        sys.exit("PostgreSQL's programs (initdb, postgres) are not installed")
    server = PostgresServer(programs)
    try:
        server.start()
        with server.new_database() as url:
            yield url
    finally:
        server.stop()


def main() -> int:
    """Run the attack, print the table and the faults; with ``--write`` the table goes into docs/security.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="send each n-th request only")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--write", action="store_true", help="write the table into docs/security.md")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stancewire-attack-")))
        settings = {"STANCEWIRE_DATABASE_URL": stack.enter_context(_postgresql())} if arguments.postgresql else {}
        service = stack.enter_context(running_service(folder, **settings))
        statuses, faults = attack(service, arguments.every)
    rows = table(statuses, faults)
    print(rows)
    for fault in faults:
        print(fault)
    if arguments.write:
        begin, end = (mark.format("PostgreSQL" if arguments.postgresql else "SQLite") for mark in _MARKS)
        before, rest = PAGE.read_text().split(begin)
        PAGE.write_text(f"{before}{begin}\n{rows}\n{end}{rest.split(end)[1]}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
