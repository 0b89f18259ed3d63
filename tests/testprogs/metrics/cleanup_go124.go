//go:build go1.24

package main

import (
	"runtime"
	"sync"
)

func cleanup(n int) {
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		runtime.AddCleanup(new([64]int), func(wg *sync.WaitGroup) { wg.Done() }, &done)
	}
	runtime.GC()
	done.Wait()
}
