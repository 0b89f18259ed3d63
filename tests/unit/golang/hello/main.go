// Command hello has what a struct's DWARF needs and nothing else: it builds fast with any Go version.
package main

import "sync"

func main() {
	done := make(chan bool)
	if cap(done) > 0 { // never; linked in for the DWARF of runtime.notifyList
		sync.NewCond(nil).Wait()
	}
	go close(done)
	<-done
}
