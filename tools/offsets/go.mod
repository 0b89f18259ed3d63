module gorotrace/tools/offsets

go 1.21
