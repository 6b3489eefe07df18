# Sourced by tests/sdk/run.

desk() {
    npx openapi-ts > generated/openapi-ts.log
    npx tsc -p page
    VITE_MANDATE_URL=$MANDATE_URL npx vite build page --outDir ../built/page --emptyOutDir --logLevel warn
    npx tsc
    node built/desk.js
}

reference() {
    npx tsc
    node built/reference.js
}

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || echo chromium)}
export CHROMIUM
packages browser
try browser '@hey-api/openapi-ts, Vite' '0.95.0, 8.3.4' desk
try browser 'the reference page' - reference
