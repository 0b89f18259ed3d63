package main

import "C"

// A file with //export may only declare C functions in its preamble, not define them.
//
//export waitInGo
func waitInGo() {
	readyInGo()
	<-never
}
