module phases

go 1.18
