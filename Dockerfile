# One image for every service but PostgreSQL. Tags name exact versions; put the digests you have verified behind them.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.lock /build/requirements.lock
RUN pip install --require-hashes --no-deps -r /build/requirements.lock

FROM python:3.11.14-slim-bookworm AS build-bi
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/guanxi/.venv-bi
COPY bi/requirements.lock /build/requirements.lock
RUN /opt/guanxi/.venv-bi/bin/pip install --require-hashes --no-deps -r /build/requirements.lock

FROM python:3.11.14-slim-bookworm AS house
RUN groupadd --gid 50000 guanxi \
    && useradd --uid 50000 --gid 50000 --no-create-home --home-dir /var/lib/guanxi --shell /usr/sbin/nologin guanxi \
    && install -d -o guanxi -g guanxi -m 0700 /var/lib/guanxi
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/guanxi \
    GUANXI_HOME=/var/lib/guanxi
WORKDIR /opt/guanxi
COPY . /opt/guanxi
# setuptools is in the lock; nothing is downloaded here
RUN pip install --no-deps --no-build-isolation --no-cache-dir --editable . \
    && python -m compileall -q /opt/guanxi /opt/venv/lib
USER 50000:50000
CMD ["guanxi", "--help"]

# Superset beside the house: `guanxi bi up` starts it, from an environment of its own
FROM house AS bi
COPY --from=build-bi /opt/guanxi/.venv-bi /opt/guanxi/.venv-bi

# the last stage is what is built when none is named
FROM house
