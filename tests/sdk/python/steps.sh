# Sourced by tests/sdk/run.

python_client() {
    PATH=$PWD/venv/bin:$PATH openapi-python-client generate --path ../../../openapi.yaml --config openapi-python-client.yaml \
        --output-path generated/python_client --overwrite --meta none > generated/openapi-python-client.log 2>&1
    venv/bin/python python_client.py
}

openapi_generator() {
    venv/bin/openapi-generator-cli generate -i ../../../openapi.yaml -g python -o generated/openapi_generator \
        --additional-properties=disallowAdditionalPropertiesIfNotPresent=false,packageName=openapi_generator_client \
        > generated/openapi-generator.log 2>&1
    PYTHONPATH=generated/openapi_generator venv/bin/python openapi_generator.py
}

environment python
try python openapi-python-client 0.29.1 python_client
try python "openapi-generator's python" 7.26.0 openapi_generator
