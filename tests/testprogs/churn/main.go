// Goroutines that never stand still, in call structures that are known: whoever reads a stack of this process can
// tell whether it is one that existed. Arguments: goroutines that stay parked. Prints "ready".
//
//	shallow/deep: the same goroutine receives at depth 1 and at depth 12, by turns; main.shallow and main.deep
//	never share a stack, and under main.deep there are always 12 of main.down
//	flip: in a system call by turns under main.left and main.right
//	create: goroutines that end at once
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
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
func stay() { <-make(chan int) }

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	for i := 0; i < n; i++ {
		go func() { stay() }()
	}
	for i := 0; i < 16; i++ {
		c := make(chan int)
		go func() { receiver(c) }()
		go func() {
			for {
				c <- 1
			}
		}()
	}
	zero, err := syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
	if err != nil {
		panic(err)
	}
	for i := 0; i < 2; i++ {
		go func() { flipper(zero) }()
	}
	go func() {
		for {
			done := make(chan int, 1)
			go func() { done <- 1 }()
			<-done
		}
	}()
	fmt.Println("ready")
	select {}
}
