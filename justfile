# Convenience alone: each recipe is a command that CONTRIBUTING.md names.

# Format and lints, as they must be.
check:
    cargo fmt --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Everything, on SQLite and PostgreSQL.
test:
    MANDATE_REQUIRE_POSTGRES=1 cargo test --workspace

# Write the generated files anew.
openapi:
    cargo run -q -p mandate-api -- openapi > openapi.yaml
    MANDATE_UPDATE=1 cargo test -q -p mandate-tests --test it errors::

# Serve sample data.
run:
    cargo run --release -- demo

# Measure.
bench:
    cargo run --release -p mandate-tests --features bench --bin bench
