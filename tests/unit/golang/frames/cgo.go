package main

import "C"

// Makes the program one with cgo when cgo is on; the file is left out when it is off.
var _ C.int
