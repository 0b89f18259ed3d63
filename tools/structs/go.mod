module gorotrace/tools/structs

go 1.21
