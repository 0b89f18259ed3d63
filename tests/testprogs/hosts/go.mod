module hosts

go 1.18
