module pauses

go 1.18
