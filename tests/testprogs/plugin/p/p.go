package main

import (
	"os"
	"sync"
	"time"
)

//go:noinline
func stuck(c chan int) { <-c }

//go:noinline
func Through(f func()) { f(); time.Sleep(0) }

//go:noinline
func Block() { stuck(make(chan int)) }

//go:noinline
func receive(c chan int) { <-c }

//go:noinline
func send(c chan int) { c <- 1 }

//go:noinline
func choose(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

//go:noinline
func lock(m *sync.Mutex) { m.Lock() }

//go:noinline
func await(w *sync.WaitGroup) { w.Wait() }

//go:noinline
func read(f *os.File) { f.Read(make([]byte, 1)) }

//go:noinline
func nap() { time.Sleep(time.Hour) }

var pipe [2]*os.File

// One goroutine for each way to wait, for good.
func Spawn() {
	var m sync.Mutex
	var w sync.WaitGroup
	m.Lock()
	w.Add(1)
	pipe[0], pipe[1], _ = os.Pipe()
	go receive(make(chan int))
	go send(make(chan int))
	go choose(make(chan int), make(chan int))
	go lock(&m)
	go await(&w)
	go read(pipe[0])
	go nap()
	go func() { receive(make(chan int)) }()
}

//go:noinline
func short(w *sync.WaitGroup) { w.Done() }

//go:noinline
func takes(c chan int, rounds int, w *sync.WaitGroup) {
	for i := 0; i < rounds; i++ {
		receive(c)
	}
	w.Done()
}

// `goroutines` that end at once, and one that waits `rounds` times, each time for send.
func Work(goroutines, rounds int) {
	var w sync.WaitGroup
	w.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go short(&w)
	}
	w.Wait()
	c := make(chan int)
	w.Add(1)
	go takes(c, rounds, &w)
	for i := 0; i < rounds; i++ {
		time.Sleep(2 * time.Millisecond)
		send(c)
	}
	w.Wait()
}

func main() {}
