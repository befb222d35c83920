# The jobs: every `podledger` command, as a user without rights, from the locked packages.
#   docker build -f docker/jobs.Dockerfile -t podledger-jobs .
#   docker run --rm -v /srv/podledger-data:/data podledger-jobs run
FROM debian:bookworm-slim

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    make openjdk-17-jre-headless python3 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 podledger \
 && install -d -o podledger -g podledger /srv/podledger /data

# For builds behind a proxy with a certificate of its own: pass those that are needed, and mount what they name.
ARG PIP_CERT
ARG SSL_CERT_FILE
ARG JAVA_TOOL_OPTIONS

USER podledger
WORKDIR /srv/podledger
COPY --chown=podledger:podledger . .
RUN make setup

ENV PODLEDGER_LANDING=/data/landing PODLEDGER_LAKE=/data/lake
VOLUME /data
ENTRYPOINT ["/srv/podledger/.venv/bin/podledger"]
CMD ["status"]
