module counted

go 1.18
