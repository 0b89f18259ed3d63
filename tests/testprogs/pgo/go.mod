module pgo

go 1.18
