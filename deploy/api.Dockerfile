# syntax=docker/dockerfile:1
# Image of the API, the sweeper and the deliverer, without spaCy and the model.

FROM python:3.13-slim-bookworm@sha256:01f42367a0a94ad4bc17111776fd66e3500c1d87c15bbd6055b7371d39c124fb AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/stancewire
# Dependencies first, so that a change of the code does not reinstall them.
COPY locks/api.txt locks/build.txt locks/
RUN /opt/stancewire/bin/pip install --require-hashes --only-binary=:all: -r locks/api.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r locks/build.txt
COPY pyproject.toml README.md ./
COPY docs/runbook.md docs/
COPY services services
COPY workers workers
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/stancewire/bin/pip install --no-deps --no-index dist/*.whl

FROM python:3.13-slim-bookworm@sha256:01f42367a0a94ad4bc17111776fd66e3500c1d87c15bbd6055b7371d39c124fb
RUN groupadd --system --gid 10001 stancewire \
    && useradd --system --uid 10001 --gid stancewire --no-create-home --shell /usr/sbin/nologin stancewire
COPY --from=build /opt/stancewire /opt/stancewire
ENV PATH=/opt/stancewire/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STANCEWIRE_API__HOST=0.0.0.0 \
    STANCEWIRE_LOG__FORMAT=json
USER 10001:10001
WORKDIR /tmp
EXPOSE 8400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["stancewire", "health", "api"]
ENTRYPOINT ["stancewire"]
CMD ["api"]
