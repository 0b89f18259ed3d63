//go:build cgo

package main

/*
#include <stdint.h>
*/
import "C"

import (
	"runtime"
	"sync/atomic"
)

var callbacks int32

//export truthCallback
func truthCallback(n C.int64_t) {
	runtime.Gosched()
	atomic.AddInt32(&callbacks, 1)
}
