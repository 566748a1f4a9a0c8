"""The requests of the API and how their answers are read, without sending them: both clients share them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel, ValidationError

from .documents import Result
from .errors import UnexpectedAnswer, error_from_response
from .models import Article, Batch, Feed, Job, StoredArticle
from .searches import Timeline
from .sources import FeedSource

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)

_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})  # methods that RFC 9110 lets clients repeat
_IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_JSON: Final = {"Content-Type": "application/json"}
LONG_POLL_S: Final = 30.0  # the longest wait that a service grants unless it is set up otherwise
_LINES: Final = {"Content-Type": "application/x-ndjson"}
_PARAMETERS: Final = {"since": "from", "until": "to"}  # `from` is a keyword of Python

PushedArticle = Article | Mapping[str, Any]
Id = UUID | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[T]):
    """A request, and the function that reads its answer. ``wait_s``: how long the service may hold back the answer."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    wait_s: float = 0.0

    @property
    def repeatable(self) -> bool:
        """Whether sending the request twice does the same as sending it once."""
        return self.method in _IDEMPOTENT or _IDEMPOTENCY_KEY in self.headers

    def request(self, timeout_s: float) -> dict[str, Any]:
        """Return the arguments of ``httpx.Client.request``."""
        return {
            "method": self.method,
            "url": self.path,
            "params": dict(self.params),
            "headers": dict(self.headers),
            "content": self.content,
            "timeout": timeout_s + self.wait_s,
        }

    def result(self, response: httpx.Response) -> T:
        """Return what the answer says. Raises `ApiError` and `UnexpectedAnswer`."""
        if not response.is_success:
            raise error_from_response(response)
        try:
            return self.read(response)
        except (ValidationError, ValueError) as error:
            raise UnexpectedAnswer(f"{self.method} {self.path}: the answer is not what the API sends") from error


class Sender(Protocol):
    """A client without an event loop, as far as the calls need it."""

    def send(self, operation: Operation[T], /) -> T:
        """Send an operation and return its answer."""


class AsyncSender(Protocol):
    """A client with an event loop, as far as the calls need it."""

    async def send(self, operation: Operation[T], /) -> T:
        """Send an operation and return its answer."""


def reader(model: type[ModelT]) -> Callable[[httpx.Response], ModelT]:
    """Return the function that reads an answer as a model."""
    return lambda response: model.model_validate_json(response.content)


def push(article: PushedArticle, *, feed: str | None, wait_s: float, idempotency_key: str | None) -> Operation[Job]:
    """Push one article; ``wait_s`` waits for its job."""
    return Operation(
        method="POST",
        path="/v1/articles",
        read=reader(Job),
        params=parameters(feed=feed),
        headers=_JSON | _key(idempotency_key) | prefer(wait_s),
        content=article_json(article),
        wait_s=wait_s,
    )


def push_lines(content: bytes, *, feed: str | None, idempotency_key: str) -> Operation[Batch]:
    """Push articles, one JSON object per line."""
    return Operation(
        method="POST",
        path="/v1/articles:batch",
        read=reader(Batch),
        params=parameters(feed=feed),
        headers=_LINES | _key(idempotency_key),
        content=content,
    )


def push_document(
    content: bytes, *, content_type: str | None, feed: str | None, idempotency_key: str | None
) -> Operation[Batch]:
    """Push a document of any format; its articles are answered like a batch."""
    return Operation(
        method="POST",
        path="/v1/articles:batch",
        read=reader(Batch),
        params=parameters(feed=feed),
        headers={"Content-Type": content_type or "application/octet-stream"} | _key(idempotency_key),
        content=content,
    )


def get_job(job_id: Id, *, wait_s: float = 0.0) -> Operation[Job]:
    """Return a job; ``wait_s`` waits until it is done."""
    path = f"/v1/jobs/{segment(job_id)}"
    return Operation(method="GET", path=path, read=reader(Job), headers=prefer(wait_s), wait_s=wait_s)


def cancel_job(job_id: Id) -> Operation[Job]:
    """Cancel a job."""
    return Operation(method="DELETE", path=f"/v1/jobs/{segment(job_id)}", read=reader(Job))


def get_result(job_id: Id) -> Operation[Result]:
    """Return the result of a job."""
    return Operation(method="GET", path=f"/v1/jobs/{segment(job_id)}/result", read=reader(Result))


def get_article(article_id: Id, *, body: bool) -> Operation[StoredArticle]:
    """Return an article."""
    return Operation(
        method="GET",
        path=f"/v1/articles/{segment(article_id)}",
        read=reader(StoredArticle),
        params=parameters(embed="body" if body else None),
    )


def withdraw_article(article_id: Id) -> Operation[None]:
    """Withdraw an article."""
    return Operation(method="POST", path=f"/v1/articles/{segment(article_id)}:withdraw", read=nothing)


def reinstate_article(article_id: Id) -> Operation[Job]:
    """Undo the withdrawal of an article, or release it."""
    return Operation(method="POST", path=f"/v1/articles/{segment(article_id)}:reinstate", read=reader(Job))


def erase_article(article_id: Id) -> Operation[None]:
    """Erase an article."""
    return Operation(method="DELETE", path=f"/v1/articles/{segment(article_id)}", read=nothing)


def timeline(filters: Mapping[str, Any]) -> Operation[Timeline]:
    """Count stances over time."""
    return Operation(method="GET", path="/v1/stances/timeline", read=reader(Timeline), params=parameters(**filters))


def list_feeds() -> Operation[tuple[Feed, ...]]:
    """Return the registered feeds."""
    return Operation(method="GET", path="/v1/feeds", read=lambda response: _items(response, Feed))


def list_sources(feed: str) -> Operation[tuple[FeedSource, ...]]:
    """Return the sources of a feed."""
    return Operation(method="GET", path=_sources(feed), read=lambda response: _items(response, FeedSource))


def create_source(
    feed: str, *, kind: str, url: str | None, secret: str | None, every_s: int | None, pages: bool
) -> Operation[FeedSource]:
    """Add a source to a feed."""
    body = {"kind": kind, "url": url, "secret": secret, "every_s": every_s, "pages": pages}
    return json_request("POST", _sources(feed), reader(FeedSource), body)


def delete_source(feed: str, source_id: str) -> Operation[FeedSource | None]:
    """Remove a source; the answer has it if a hub has to end its subscription first."""
    read = reader(FeedSource)
    return Operation(
        method="DELETE",
        path=f"{_sources(feed)}/{segment(source_id)}",
        read=lambda response: read(response) if response.content else None,
    )


def json_request(method: str, path: str, read: Callable[[httpx.Response], T], body: Mapping[str, Any]) -> Operation[T]:
    """Return a request with a JSON object, without the fields that are None."""
    given = {name: value for name, value in body.items() if value is not None}
    return Operation(method=method, path=path, read=read, headers=_JSON, content=_to_json(given))


def any_request(method: str, path: str, *, params: Mapping[str, Any] | None, body: Any | None) -> Operation[Any]:
    """Send a request that has no function of its own, with a JSON body if ``body`` is given."""
    return Operation(
        method=method,
        path=path,
        read=lambda response: response.json() if response.content else None,
        params=parameters(**(params or {})),
        headers={} if body is None else _JSON,
        content=None if body is None else _to_json(body),
    )


def article_json(article: PushedArticle) -> bytes:
    """Return an article as JSON on one line, without the fields that are not set."""
    if isinstance(article, Article):
        return article.model_dump_json(exclude_none=True).encode()
    return _to_json(article)


def parameters(**values: Any) -> dict[str, str]:
    """Return query parameters without those that are None. ``since`` and ``until`` are called ``from`` and ``to``."""
    return {name: _text(value) for name, value in named_filters(values).items()}


def named_filters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters that are not None under their names in the API."""
    return {_PARAMETERS.get(name, name): value for name, value in filters.items() if value is not None}


def segment(identifier: Id) -> str:
    """Return an ID as a segment of a path."""
    return quote(str(identifier), safe="")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _to_json(body: Any) -> bytes:
    return json.dumps(body, default=_text, separators=(",", ":")).encode()


def _key(idempotency_key: str | None) -> dict[str, str]:
    return {_IDEMPOTENCY_KEY: idempotency_key or uuid4().hex}


def prefer(wait_s: float) -> dict[str, str]:
    """Return the header that asks the service to wait."""
    return {"Prefer": f"wait={wait_s:.0f}"} if wait_s >= 1 else {}


def nothing(_response: httpx.Response) -> None:
    """Read nothing from an answer."""


def _sources(feed: str) -> str:
    return f"/v1/feeds/{segment(feed)}/sources"


def _items(response: httpx.Response, model: type[ModelT]) -> tuple[ModelT, ...]:
    return tuple(model.model_validate(item) for item in response.json()["items"])
