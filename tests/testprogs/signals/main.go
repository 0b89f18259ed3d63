// A goroutine that does one thing for ever on a thread of its own, and a signal to that thread, or to one that runs no
// goroutine. "runs GOID" on stdout says which goroutine it is.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var (
	counter int
	zone    = time.UTC
	inC     = map[string]func(){} // with cgo
)

// No frame: the interrupted function's caller is in no frame pointer.
//
//go:noinline
func leaf() {
	for {
		counter++
	}
}

//go:noinline
func step(n int) int {
	var room [64]byte
	room[n&63] = byte(n)
	return int(room[n>>6&63]) + other(n)
}

//go:noinline
func other(n int) int { return n ^ counter }

// Prologues, frames and leaves, as they come.
//
//go:noinline
func calls() {
	for n := 0; ; n++ {
		counter = step(n)
	}
}

// Mostly in the vDSO, on the thread's own stack.
//
//go:noinline
func clock() {
	for {
		counter += time.Now().In(zone).Nanosecond()
	}
}

//go:noinline
func kernel() {
	for {
		counter += syscall.Getppid()
	}
}

//go:noinline
func within(what func()) {
	what()
	counter++
}

func goid() string {
	text := make([]byte, 64)
	return strings.Fields(string(text[:runtime.Stack(text, false)]))[1]
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	how := os.Args[1]
	number, err := strconv.Atoi(os.Args[2])
	must(err)
	if how == "idle" { // of its threads the kernel takes the first, which has nothing to do by then
		kill := fmt.Sprintf("sleep 0.3; kill -%d %d", number, os.Getpid())
		must(exec.Command("/bin/sh", "-c", kill).Start())
		time.Sleep(time.Minute)
	}
	what := map[string]func(){"leaf": leaf, "calls": calls, "clock": clock, "kernel": kernel}[how]
	if what == nil {
		what = inC[how]
	}
	thread := make(chan int)
	go func() {
		runtime.LockOSThread()
		fmt.Println("runs", goid())
		thread <- syscall.Gettid()
		within(what)
	}()
	tid := <-thread
	time.Sleep(100 * time.Millisecond)
	if number != 0 { // 0: it dies by itself
		must(syscall.Tgkill(os.Getpid(), tid, syscall.Signal(number)))
	}
	time.Sleep(time.Minute)
}
