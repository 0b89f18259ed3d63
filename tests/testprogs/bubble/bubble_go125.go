//go:build go1.25

package main

import (
	"flag"
	"testing"
	"testing/synctest"
)

// synctest.Test wants a test around it; testing.Main runs tests outside of a test binary.
func inBubbles(n int, f func()) {
	testing.Init()
	flag.Set("test.parallel", "8")
	bubble := testing.InternalTest{Name: "bubble", F: func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(*testing.T) { f() })
	}}
	every := func(pattern, name string) (bool, error) { return true, nil }
	var tests []testing.InternalTest
	for i := 0; i < n; i++ {
		tests = append(tests, bubble)
	}
	go testing.Main(every, tests, nil, nil)
}
