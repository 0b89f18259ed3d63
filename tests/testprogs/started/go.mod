module started

go 1.18
