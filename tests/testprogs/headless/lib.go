// Go in a C host (host.c.txt) whose main thread ends (pthread_exit) while Go goes on: nine goroutines wait for ever, two
// pass a number to and fro.
package main

import "C"

import "time"

//go:noinline
func inLibrary(c chan int) { <-c }

//go:noinline
func answer(in, out chan int) {
	for n := range in {
		out <- n
	}
}

func turn() {
	in, out := make(chan int), make(chan int)
	go answer(in, out)
	for {
		in <- 1
		<-out
		time.Sleep(time.Millisecond)
	}
}

//export Start
func Start() {
	for i := 0; i < 9; i++ {
		go inLibrary(make(chan int))
	}
	go turn()
}

func main() {}
