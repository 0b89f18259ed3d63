//go:build go1.23

package main

import (
	"iter"
	"runtime"
)

func init() { scenarios["pull"] = pull }

// pull: each iter.Pull makes one goroutine, a coroutine, that switches in and out without the scheduler.
func pull(r *result) {
	before := runtime.NumGoroutine()
	n := *rounds * *width
	for i := 0; i < n; i++ {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for v := 0; v < 10; v++ {
				if !yield(v) {
					return
				}
			}
		})
		for v := 0; v < 10; v++ {
			if got, ok := next(); !ok || got != v {
				panic("truth: iter.Pull")
			}
		}
		if i%2 == 0 {
			stop()
		} else if _, ok := next(); ok {
			panic("truth: iter.Pull did not end")
		}
	}
	awaitCount(before)
	r.spawned("runtime.corostart", n)
}
