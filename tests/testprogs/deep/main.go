// Goroutines whose stacks are too deep to be kept whole: 6000 small frames, 20,000 of them, and 6000 large ones. One line of
// JSON when they stand still, then it waits until its stdin closes.
package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

var there sync.WaitGroup

//go:noinline
func small(n int) int {
	if n == 0 {
		there.Done()
		select {}
	}
	return small(n-1) + 1
}

//go:noinline
func large(n int) int {
	var a [1024]byte
	a[n%len(a)] = 1
	if n == 0 {
		there.Done()
		select {}
	}
	return large(n-1) + int(a[(n+1)%len(a)])
}

//go:noinline
func outermost(f func(int) int, n int) { f(n) }

func main() {
	there.Add(3)
	go outermost(small, 6000)
	go outermost(small, 20_000)
	go outermost(large, 6000)
	there.Wait()
	time.Sleep(100 * time.Millisecond)
	fmt.Println(`{"type": "ready"}`)
	io.Copy(io.Discard, os.Stdin)
}
