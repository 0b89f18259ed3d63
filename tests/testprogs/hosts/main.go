// A Go program that is host to other Go runtimes, in libraries (load.h): it has goroutines of its own beside theirs.
package main

/*
#cgo LDFLAGS: -ldl
#include "load.h"
*/
import "C"

import (
	"os"
	"runtime"
	"unsafe"
)

//go:noinline
func inHost(c chan int) { <-c }

func main() {
	for i := 0; i < 5; i++ {
		go inHost(make(chan int))
	}
	runtime.LockOSThread()
	count := len(os.Args) - 1
	arguments := unsafe.Slice((**C.char)(C.calloc(C.size_t(count), C.size_t(unsafe.Sizeof(uintptr(0))))), count)
	for i := range arguments {
		arguments[i] = C.CString(os.Args[i+1])
	}
	C.run(C.int(count), &arguments[0])
}
