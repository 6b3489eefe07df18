module mandate-sdk-test

go 1.24
