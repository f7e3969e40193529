# What makes backups and brings them back, and counts beside the front door: every service's package, and pg_dump. The context is
# the root of the repository: docker build -f images/operations.Dockerfile -t aiguy/operations .
FROM python:3.11.14-slim-trixie AS build
# The version that .ci/setup pins too.
RUN pip install --no-cache-dir uv==0.13.8
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# What is locked, in a layer of its own: our own code changes far more often.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-workspace --package aiguy-onebox
COPY contracts contracts
COPY services services
RUN uv sync --frozen --no-dev --no-editable --package aiguy-onebox

FROM python:3.11.14-slim-trixie
WORKDIR /app
COPY --from=build /app/.venv .venv
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
ENTRYPOINT ["python", "-m", "onebox.backup"]
CMD ["--help"]
