// A process at rest with every shape of stack, which tells what its own runtime says of them. Obeys lines on stdin and
// answers each with one line of JSON: "stack" (runtime.Stack of all), "profile" (goroutine?debug=1), "save FILE"
// (goroutine?debug=0 into the file), "gc", "leak N" (N goroutines that stay, made by main.leak), "unleak N" (N of them
// end), "spin N" (N goroutines that never leave their threads), "mill N" (N that are interrupted at any instruction, and
// as many below a fault), "freeze" (takes both "profile" and "stack", then stops its own process; answers with them when
// it is continued), "finalizer", "spinning" and "cleanup" (until a finalizer waits, a finalizer spins, a function of
// runtime.AddCleanup waits; Go 1.24+), "finish" and "stop" (what waits or spins returns), "grow N" (N seconds of goroutines
// with stacks that grow far), "collect" (the collection that finds leaked goroutines, Go 1.26+), "quit".
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

var leaks = make(chan struct{})

//go:noinline
func leak(n int) {
	for i := 0; i < n; i++ {
		go leaked()
	}
}

//go:noinline
func leaked() { <-leaks }

//go:noinline
func spin() {
	for {
	}
}

func profile() string {
	var out bytes.Buffer
	check(pprof.Lookup("goroutine").WriteTo(&out, 1))
	return out.String()
}

func stack() string {
	buf := make([]byte, 8<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// What the runtime says and what a reader of the stopped process sees are of the same moment as long as this goroutine
// keeps its P in between: a raw system call does not give it up.
func freeze() string {
	pid := uintptr(syscall.Getpid())
	both := []string{profile(), stack()}
	syscall.RawSyscall(syscall.SYS_KILL, pid, uintptr(syscall.SIGSTOP), 0)
	text, err := json.Marshal(both)
	check(err)
	return string(text)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func answer(kind, text string) {
	line, err := json.Marshal(map[string]interface{}{"type": kind, "text": text, "goroutines": runtime.NumGoroutine()})
	check(err)
	fmt.Printf("%s\n", line)
}

func main() {
	park()
	answer("ready", runtime.Version())
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var what, argument string
		var n int
		fmt.Sscan(in.Text(), &what, &argument)
		fmt.Sscan(argument, &n)
		text := ""
		switch what {
		case "stack":
			text = stack()
		case "profile":
			text = profile()
		case "save":
			f, err := os.Create(argument)
			check(err)
			check(pprof.Lookup("goroutine").WriteTo(f, 0))
			check(f.Close())
		case "gc":
			runtime.GC()
		case "leak":
			leak(n)
			time.Sleep(50 * time.Millisecond)
		case "unleak":
			for i := 0; i < n; i++ {
				leaks <- struct{}{}
			}
			time.Sleep(50 * time.Millisecond)
		case "spin":
			for i := 0; i < n; i++ {
				go spin()
			}
			time.Sleep(50 * time.Millisecond)
		case "mill":
			for i := 0; i < n; i++ {
				start(func() { mill(make([]uint64, 64)) })
				start(millAfterFault)
			}
			ready.Wait()
		case "finalizer":
			abandon(inFinalizer)
			await()
		case "spinning":
			abandon(spinsInFinalizer)
			await()
		case "cleanup":
			abandonWithCleanup()
			await()
		case "finish":
			finish <- struct{}{}
			time.Sleep(50 * time.Millisecond)
		case "stop":
			spinOn <- struct{}{}
			time.Sleep(50 * time.Millisecond)
		case "grow":
			go grow(time.Duration(n) * time.Second)
		case "freeze":
			text = freeze()
		case "collect":
			check(pprof.Lookup("goroutineleak").WriteTo(io.Discard, 1))
		case "quit":
			return
		}
		answer(what, text)
	}
}
