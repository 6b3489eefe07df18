# Mandate in a container: build it with `docker build -t mandate .`

FROM rust:1.95-bookworm AS builder
WORKDIR /build
# The tests belong to the workspace, so Cargo wants to see all of it; .dockerignore leaves out what no build needs.
COPY . .
RUN cargo build --release -p mandate-api --locked

FROM debian:bookworm-slim
# What hashing a password takes, 19 MiB, is given back at once instead of kept by each thread.
ENV MALLOC_MMAP_THRESHOLD_=1048576
# The certificates are for mail servers and whatever else is reached by TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --user-group --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin mandate \
    && install --directory --owner mandate --group mandate --mode 0750 /data
COPY --from=builder /build/target/release/mandate /usr/local/bin/mandate

USER mandate
WORKDIR /data
# The embedded database, attachments, emails as files and, where they are asked for, keys in a file.
VOLUME /data
# Only what a container changes; `mandate --help` lists every setting.
ENV DATABASE_URL=sqlite:///data/mandate.db \
    MANDATE_LISTEN=0.0.0.0:8080 \
    MANDATE_FILES=file:/data/files \
    MANDATE_MAIL=file:/data/mail
EXPOSE 8080

# The slim image has no curl, but bash speaks TCP. It asks whether the process is alive and not whether it is ready: a
# database that is away is no reason to restart the server, which recovers by itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]

ENTRYPOINT ["mandate"]
CMD ["serve"]
