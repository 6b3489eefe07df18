# Sourced by tests/sdk/run.

openapi_generator_go() {
    venv/bin/openapi-generator-cli generate -i ../../../openapi.yaml -g go -o generated/mandate \
        --additional-properties=disallowAdditionalPropertiesIfNotPresent=false,packageName=mandate,withGoMod=false \
        > generated/openapi-generator.log 2>&1
    # Nothing beyond the standard library is needed.
    GOTOOLCHAIN=local GOPROXY=off venv/bin/go run .
}

environment go
try go "openapi-generator's go" 7.26.0 openapi_generator_go
