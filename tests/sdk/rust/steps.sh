# Sourced by tests/sdk/run.

openapi_generator_rust() {
    venv/bin/openapi-generator-cli generate -i ../../../openapi.yaml -g rust -o generated/rust \
        --additional-properties=packageName=mandate_client > generated/openapi-generator.log 2>&1
    cargo run -q
}

environment rust
try rust "openapi-generator's rust (reqwest)" 7.26.0 openapi_generator_rust
