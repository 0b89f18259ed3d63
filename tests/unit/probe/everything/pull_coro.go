//go:build go1.23

package main

import (
	"fmt"
	"iter"
)

// Coroutines (runtime/coro.go) are linked in only by iter.Pull.
func pull() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := 0; i < 3 && yield(i); i++ {
		}
	})
	defer stop()
	fmt.Println(next())
}
