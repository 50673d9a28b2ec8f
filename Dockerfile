# Innkeep in a container: installed from the lock, run by a user without rights.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /innkeep && /innkeep/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY commands commands
COPY projections projections
COPY read_api read_api
COPY infra infra
RUN /innkeep/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 innkeep
COPY --from=build /innkeep /innkeep
USER innkeep
WORKDIR /innkeep
EXPOSE 8000
ENTRYPOINT ["/innkeep/bin/innkeep"]
CMD ["serve", "--host", "0.0.0.0"]
