module panics

go 1.18
