// A process in which nothing happens: -n goroutines wait for ever, and main for its standard input to end. Prints "ready"
// when they do. Cheap to have by the hundred: one P, no collection.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

//go:noinline
func forever(ready *sync.WaitGroup, never chan int) {
	ready.Done()
	<-never
}

func main() {
	n := flag.Int("n", 10, "goroutines")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	var ready sync.WaitGroup
	never := make(chan int)
	ready.Add(*n)
	for i := 0; i < *n; i++ {
		go forever(&ready, never)
	}
	ready.Wait()
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}
