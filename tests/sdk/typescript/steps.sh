# Sourced by tests/sdk/run.

hey_api() {
    npx openapi-ts -i ../../../openapi.yaml -o generated/hey-api -c @hey-api/client-fetch > generated/hey-api.log
    npx tsc -p tsconfig.hey-api.json
    node built/hey-api.js
}

openapi_fetch() {
    npx openapi-typescript ../../../openapi.yaml -o generated/openapi-typescript.d.ts --default-non-nullable=false
    npx tsc -p tsconfig.openapi-fetch.json
    node built/openapi-fetch.js
}

packages typescript
try typescript @hey-api/openapi-ts 0.95.0 hey_api
try typescript 'openapi-typescript, openapi-fetch' '7.13.0, 0.17.0' openapi_fetch
