// Grows, and naps, when it is told to: what a flight recorder triggers on, and what it still has at its end. Prints
// "ready", then obeys lines on stdin, each answered in JSON with runtime.NumGoroutine behind it:
//
//	park N   N more goroutines that wait on a channel
//	grow N   N more, one every 2 ms
//	end      all of them end
//	early N  N goroutines nap once, in early()
//	nap N    N goroutines nap once, in nap()
//	count    nothing
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

var (
	never       = make(chan int)
	all, parked sync.WaitGroup
)

func park() {
	all.Done()
	<-never
	parked.Done()
}

//go:noinline
func early() {
	time.Sleep(20 * time.Millisecond)
	all.Done()
}

//go:noinline
func nap() {
	time.Sleep(20 * time.Millisecond)
	all.Done()
}

func main() {
	answer := func(kind string) {
		line, _ := json.Marshal(map[string]any{"type": kind, "goroutines": runtime.NumGoroutine()})
		fmt.Println(string(line))
	}
	answer("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var what string
		var n int
		fmt.Sscan(in.Text(), &what, &n)
		switch what {
		case "park", "grow":
			for i := 0; i < n; i++ {
				parked.Add(1)
				all.Add(1)
				go park()
				if what == "grow" {
					time.Sleep(2 * time.Millisecond)
				}
			}
		case "end":
			close(never)
			parked.Wait()
			never = make(chan int)
		case "early":
			for i := 0; i < n; i++ {
				all.Add(1)
				go early()
			}
		case "nap":
			for i := 0; i < n; i++ {
				all.Add(1)
				go nap()
			}
		}
		all.Wait()
		answer(what)
	}
}
