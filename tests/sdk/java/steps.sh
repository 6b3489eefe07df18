# Sourced by tests/sdk/run.

openapi_generator_java() {
    venv/bin/openapi-generator-cli generate -i ../../../openapi.yaml -g java --library native -o generated/java \
        --additional-properties=disallowAdditionalPropertiesIfNotPresent=false,enumUnknownDefaultCase=true,hideGenerationTimestamp=true,invokerPackage=mandate,apiPackage=mandate.api,modelPackage=mandate.model \
        > generated/openapi-generator.log 2>&1
    # The generator is written in Java itself and brings Jackson along.
    generator=$(find venv/lib -name openapi-generator.jar)
    mkdir -p built
    find generated/java/src/main/java "$standin" Main.java -name '*.java' > built/sources
    javac -nowarn -encoding UTF-8 -cp "$generator" -d built @built/sources
    java -cp "built:$generator" Main
}

export standin=$root/tests/sdk/java/standin
environment java
try java "openapi-generator's java (native)" 7.26.0 openapi_generator_java
