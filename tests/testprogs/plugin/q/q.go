package main

//go:noinline
func rest(c chan int) { <-c }

// One goroutine that stands still for good.
func Spawn() { go rest(make(chan int)) }

func main() {}
