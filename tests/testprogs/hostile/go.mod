module hostile.example/a-module-whose-path-is-overwritten-in-the-built-file

go 1.18
