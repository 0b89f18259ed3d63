//go:build go1.24

package main

import "runtime"

func init() {
	addCleanup = func(object *finalized) { runtime.AddCleanup(object, inCleanup, 1) }
}
