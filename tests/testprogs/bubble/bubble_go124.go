//go:build !go1.25

package main

import "testing/synctest"

func inBubbles(n int, f func()) {
	for i := 0; i < n; i++ {
		go synctest.Run(f)
	}
}
