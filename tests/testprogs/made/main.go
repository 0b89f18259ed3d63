// Goroutines that stand still below machine code (amd64) that the program wrote itself: with a frame pointer, and without one.
// The runtime knows nothing of that code, so nothing may be collected and no stack may grow. One line of JSON, then it waits
// until its stdin closes.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// made is a func value: the code, and the function that it calls.
type made struct {
	code   uintptr
	callee func()
}

//go:noinline
func below() {
	there.Done()
	select {}
}

var there sync.WaitGroup

//go:noinline
func above(f func()) { f() }

func code(bytes ...byte) uintptr {
	const all = syscall.PROT_READ | syscall.PROT_WRITE | syscall.PROT_EXEC
	memory, err := syscall.Mmap(-1, 0, 4096, all, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	copy(memory, bytes)
	return uintptr(unsafe.Pointer(&memory[0]))
}

func main() {
	debug.SetGCPercent(-1)
	framed := &made{code(
		0x55,             // push rbp
		0x48, 0x89, 0xe5, // mov rbp, rsp
		0x48, 0x8b, 0x52, 0x08, // mov rdx, [rdx+8]
		0xff, 0x12, // call [rdx]
		0x5d, // pop rbp
		0xc3, // ret
	), below}
	bare := &made{code(0x48, 0x8b, 0x52, 0x08, 0xff, 0x12, 0xc3), below}
	there.Add(2)
	go above(*(*func())(unsafe.Pointer(&framed)))
	go above(*(*func())(unsafe.Pointer(&bare)))
	there.Wait()
	time.Sleep(100 * time.Millisecond)
	fmt.Println(`{"type": "ready"}`)
	io.Copy(io.Discard, os.Stdin)
}
