module handed

go 1.18
