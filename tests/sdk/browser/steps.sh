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

# The Chromium that npm has, for machines without one.
packaged() {
    npm install --prefix "$work/chromium" --no-audit --no-fund --loglevel=error @sparticuz/chromium@147.0.2 >&2
    (cd "$work/chromium" && node --input-type=module -e 'import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath())')
}

packages browser
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || packaged)}
export CHROMIUM
try browser '@hey-api/openapi-ts, Vite' '0.95.0, 8.3.4' desk
try browser 'the reference page' - reference
