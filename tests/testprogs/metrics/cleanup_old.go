//go:build !go1.24

package main

func cleanup(int) {} // runtime.AddCleanup is of Go 1.24
