package main

import "time"

//go:noinline
func stuck(c chan int) { <-c }

//go:noinline
func Through(f func()) { f(); time.Sleep(0) }

//go:noinline
func Block() { stuck(make(chan int)) }

func main() {}
