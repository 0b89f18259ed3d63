// Goroutines that never stand still, in call structures that are known: whoever reads a stack of this process can
// tell whether it is one that existed. Arguments: goroutines that stay parked, then the kinds to run. Prints "ready".
//
//	flip: the same goroutine receives at depth 1 and at depth 12, by turns; main.shallow and main.deep
//	never share a stack, and under main.deep there are always 12 of main.down
//	syscall: in a system call by turns under main.left and main.right
//	create: goroutines that wait for their batch in main.odd1 > odd2 or in main.even1 > even2 and end; the runtime
//	reuses their runtime.g and their stacks at once, for the other kind too
//	pull (1.23+): an iterator that yields under main.yieldLeft and main.yieldRight by turns, pulled under
//	main.pullLeft and main.pullRight
//	collect: garbage collections, which scan and shrink all these stacks meanwhile
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

//go:noinline
func down(n int, c chan int) int {
	if n == 0 {
		return <-c
	}
	return down(n-1, c) + 1
}

//go:noinline
func deep(c chan int) int { return down(11, c) + 1 }

//go:noinline
func shallow(c chan int) int { return <-c }

//go:noinline
func left(fd int, b []byte) { syscall.Read(fd, b) }

//go:noinline
func right(fd int, b []byte) { syscall.Read(fd, b) }

//go:noinline
func receiver(c chan int) {
	for {
		shallow(c)
		deep(c)
	}
}

//go:noinline
func flipper(fd int) {
	b := make([]byte, 64)
	for {
		left(fd, b)
		right(fd, b)
	}
}

//go:noinline
func odd2(batch chan int) { <-batch }

//go:noinline
func odd1(batch chan int) { odd2(batch) }

//go:noinline
func even2(batch chan int) { <-batch }

//go:noinline
func even1(batch chan int) { even2(batch) }

//go:noinline
func create() {
	const n = 64
	for {
		batch := make(chan int)
		var done sync.WaitGroup
		done.Add(n)
		for i := 0; i < n; i++ {
			if i%2 == 0 {
				go func() { even1(batch); done.Done() }()
			} else {
				go func() { odd1(batch); done.Done() }()
			}
		}
		runtime.Gosched()
		close(batch)
		done.Wait()
	}
}

// Set where iter.Pull exists.
var pull func()

func collect() {
	for {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

//go:noinline
func stay() { <-make(chan int) }

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	for i := 0; i < n; i++ {
		go func() { stay() }()
	}
	for _, kind := range os.Args[2:] {
		start(kind)
	}
	fmt.Println("ready")
	select {}
}

func start(kind string) {
	switch kind {
	case "flip":
		for i := 0; i < 16; i++ {
			flip()
		}
	case "syscall":
		zero, err := syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
		if err != nil {
			panic(err)
		}
		for i := 0; i < 2; i++ {
			go func() { flipper(zero) }()
		}
	case "create":
		for i := 0; i < 2; i++ {
			go func() { create() }()
		}
	case "pull":
		if pull != nil {
			go func() { pull() }()
		}
	case "collect":
		go func() { collect() }()
	default:
		panic(kind)
	}
}

func flip() {
	c := make(chan int)
	go func() { receiver(c) }()
	go func() {
		for {
			c <- 1
		}
	}()
}
