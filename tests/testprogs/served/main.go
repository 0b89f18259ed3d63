// A program with its own net/http/pprof, at rest: goroutines that wait in a few ways, some with labels, and one that is
// locked to its thread. Says on which port it serves, and waits for the end of its stdin.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var (
	never   = make(chan int)
	started sync.WaitGroup
)

//go:noinline
func receive() { started.Done(); <-never }

//go:noinline
func choose(other chan int) {
	started.Done()
	select {
	case <-never:
	case other <- 1:
	}
}

//go:noinline
func sleep() { started.Done(); time.Sleep(10 * time.Hour) }

func lock(m *sync.Mutex) { started.Done(); m.Lock() }

func start(n int, f func()) {
	started.Add(n)
	for i := 0; i < n; i++ {
		go f()
	}
}

func main() {
	runtime.GOMAXPROCS(2)
	var m sync.Mutex
	m.Lock()
	start(30, receive)
	start(20, func() { choose(make(chan int)) })
	start(10, sleep)
	start(3, func() { lock(&m) })
	start(2, func() {
		pprof.Do(context.Background(), pprof.Labels("tenant", "acme \"quoted\"", "a", "1"), func(context.Context) { receive() })
	})
	start(1, func() { runtime.LockOSThread(); receive() })
	started.Wait()
	time.Sleep(100 * time.Millisecond)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, nil)
	fmt.Printf("{\"type\":\"ready\",\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	io.Copy(io.Discard, os.Stdin)
}
