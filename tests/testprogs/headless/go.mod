module headless
go 1.18
