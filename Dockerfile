# Two images, image_app and image_process_app, from one set of libraries: 210 MB, of which the
# processor would need 130. As it is, both lie on top of one layer, which a machine that runs both
# has only once; two sets would be 340 MB there.
FROM python:3.13.15-slim-trixie AS installed
WORKDIR /build
COPY deploy/install deploy/
COPY requirements/run.txt requirements/
ENV PIP_CACHE_DIR=/var/cache/pip
RUN --mount=type=cache,target=/var/cache/pip deploy/install libraries /opt/safelight
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN deploy/install product /opt/safelight

FROM python:3.13.15-slim-trixie AS runtime
RUN groupadd --gid 10001 safelight \
  && useradd --uid 10001 --gid safelight --no-create-home --shell /usr/sbin/nologin safelight
COPY --from=installed /opt/safelight /opt/safelight
ENV PATH=/opt/safelight/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SAFELIGHT_HOST=0.0.0.0 \
    SAFELIGHT_LOG_FORMAT=json
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["safelight"]

FROM runtime AS image_process_app
EXPOSE 10101
CMD ["processor"]

FROM runtime AS image_app
EXPOSE 8000
CMD ["api"]
