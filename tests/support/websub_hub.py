"""A publisher with a hub of its own, Flask-WebSub, to be run as a process: ``python -m tests.support.websub_hub``.

``/feed.atom`` is the topic; a post to ``/publish`` replaces it and has the hub push it.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import Celery
from flask import Flask, Response, request
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.publisher import init_publisher, publisher


def main(port: int, storage: str, algorithm: str) -> None:
    celery = Celery()
    celery.conf.task_always_eager = True
    app = Flask(__name__)
    app.config["PUBLISH_SUPPORTED"] = True
    hub = Hub(SQLite3HubStorage(storage), celery, SIGNATURE_ALGORITHM=algorithm, MAX_ATTEMPTS=0)
    app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
    init_publisher(app)
    topic: dict[str, Any] = {"content": b"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title></feed>"}

    def feed() -> Response:
        return Response(topic["content"], mimetype="application/atom+xml")

    app.add_url_rule("/feed.atom", view_func=publisher()(feed))

    @app.post("/publish")
    def publish() -> str:
        topic["content"] = request.get_data()
        hub.send_change_notification.delay(f"http://127.0.0.1:{port}/feed.atom")
        return "published"

    @app.get("/subscriptions")
    def subscriptions() -> list[str]:
        return [callback for callback, _ in hub.storage.get_callbacks(f"http://127.0.0.1:{port}/feed.atom")]

    app.run("127.0.0.1", port, threaded=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
