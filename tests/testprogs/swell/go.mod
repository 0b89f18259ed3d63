module example.com/swell

go 1.18
