# Production: expects an external PostgreSQL in DATABASE_URL and the same SHEQIA_SECRET on every machine.
#   docker build -t sheqia . && docker run -p 8000:8000 -e DATABASE_URL=… -e SHEQIA_SECRET=… -v sheqia:/data sheqia
FROM python:3.11-slim AS build
WORKDIR /srv/sheqia
RUN python -m venv /srv/venv
COPY pyproject.toml constraints.txt README.md ./
COPY app app
COPY matching matching
# Editable, so that the program finds migrations/ beside itself.
RUN /srv/venv/bin/pip install --no-cache-dir --constraint constraints.txt --editable .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home sheqia && install -d -m 0700 -o sheqia -g sheqia /data
WORKDIR /srv/sheqia
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/sheqia /srv/sheqia
COPY migrations migrations
ENV PATH=/srv/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    SHEQIA_DATA=/data SHEQIA_HOST=0.0.0.0 SHEQIA_PORT=8000 SHEQIA_LOG_FORMAT=json
USER sheqia
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"SHEQIA_PORT\"]}/readyz', timeout=4)"]
CMD ["sheqia", "serve"]
