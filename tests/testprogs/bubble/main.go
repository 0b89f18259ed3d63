// A process at rest with two synctest bubbles, whose goroutines wait in every way that counts as durable and in some
// that do not: those hold the fake clock still. Says "ready", then answers each line on stdin with runtime.Stack.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing/synctest"
	"time"
)

var (
	outside = make(chan int)
	pipe    [2]int
)

func bubble() {
	inside := make(chan int)
	var held sync.Mutex
	held.Lock()
	var group sync.WaitGroup
	group.Add(1)
	cond := sync.NewCond(new(sync.Mutex))
	first := make(chan int)

	go func() { <-inside }()
	go func() { make(chan int) <- 1 }()
	go func() {
		select {
		case <-inside:
		case <-make(chan int):
		}
	}()
	go func() { select {} }()
	go func() { var none chan int; <-none }()
	go func() { var none chan int; none <- 1 }()
	go func() { time.Sleep(time.Hour) }()
	go func() { cond.L.Lock(); cond.Wait() }()
	go func() { group.Wait() }()
	go func() {
		next, _ := iter.Pull(func(yield func(int) bool) { yield(1) })
		next()
		<-inside
	}()
	// Not durable.
	go func() { held.Lock() }()
	go func() { <-outside }()
	go func() { // what it waited for before is not what it is in now
		<-first
		syscall.Read(pipe[0], make([]byte, 1))
	}()
	go func() {
		runtime.LockOSThread()
		<-inside
	}()
	first <- 1
	synctest.Wait()
}

func answer(kind, text string) {
	line, err := json.Marshal(map[string]any{"type": kind, "text": text, "goroutines": runtime.NumGoroutine()})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", line)
}

func main() {
	if err := syscall.Pipe(pipe[:]); err != nil {
		panic(err)
	}
	inBubbles(2, bubble)
	time.Sleep(500 * time.Millisecond)
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
	answer("ready", runtime.Version())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		buf := make([]byte, 8<<20)
		answer(in.Text(), string(buf[:runtime.Stack(buf, true)]))
	}
}
