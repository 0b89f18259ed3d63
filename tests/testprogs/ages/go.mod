module example.com/ages

go 1.18
