//go:build cgo

package main

// static void nothing(void) {}
import "C"

func callC(n int) {
	for i := 0; i < n; i++ {
		C.nothing()
	}
}
