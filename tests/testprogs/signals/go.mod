module signals

go 1.18
