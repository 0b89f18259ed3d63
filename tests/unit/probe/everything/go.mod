module everything

go 1.18
