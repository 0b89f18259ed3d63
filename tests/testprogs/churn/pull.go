//go:build go1.23

package main

import "iter"

func init() { pull = flipCoroutine }

//go:noinline
func yieldLeft(yield func(int) bool) bool { return yield(1) }

//go:noinline
func yieldRight(yield func(int) bool) bool { return yield(2) }

//go:noinline
func pullLeft(next func() (int, bool)) { next() }

//go:noinline
func pullRight(next func() (int, bool)) { next() }

func flipCoroutine() {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for yieldLeft(yield) && yieldRight(yield) {
		}
	})
	defer stop()
	for {
		pullLeft(next)
		pullRight(next)
	}
}
