package main

import "runtime"

// The runtime's own goroutine in code of the program: in a finalizer that waits for the next of these, or that spins
// until then; and in a function of runtime.AddCleanup (cleanups.go).
var finish = make(chan struct{})

var (
	running = make(chan struct{})
	spinOn  = make(chan struct{}, 1)
)

type finalized struct{ words [4]uint64 }

//go:noinline
func inFinalizer(*finalized) {
	running <- struct{}{}
	<-finish
}

//go:noinline
func spinsInFinalizer(*finalized) {
	running <- struct{}{}
	for len(spinOn) == 0 {
	}
	<-spinOn
}

//go:noinline
func abandon(finalizer func(*finalized)) { runtime.SetFinalizer(new(finalized), finalizer) }

//go:noinline
func abandonWithCleanup() { addCleanup(new(finalized)) }

// Set where runtime.AddCleanup exists.
var addCleanup func(*finalized)

//go:noinline
func inCleanup(int) {
	running <- struct{}{}
	<-finish
}

// Returns once it runs.
func await() {
	for {
		runtime.GC()
		select {
		case <-running:
			return
		default:
			runtime.Gosched()
		}
	}
}
