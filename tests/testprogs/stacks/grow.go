package main

import "time"

// Its stack grows to some 64 MiB, each time by a copy of all of it.
//
//go:noinline
func deepen(depth int) byte {
	var frame [4096]byte
	if depth > 0 {
		frame[depth%len(frame)] = deepen(depth - 1)
	}
	return frame[depth%len(frame)]
}

// Goroutines one after the other, each of which is a good part of its life in copystack (runtime/stack.go newstack).
//
//go:noinline
func grow(until time.Duration) {
	done := make(chan byte)
	for end := time.Now().Add(until); time.Now().Before(end); <-done {
		go func() { done <- deepen(12000) }()
	}
}
