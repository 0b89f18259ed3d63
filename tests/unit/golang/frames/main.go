// Command frames prints what the runtime itself says about program counters: the ground truth of the line table.
//
//	frames TEXT ETEXT STEP MAIN
//
// All are link-time addresses in hex; MAIN is that of main.main, from which the load bias follows.
// Output, separated by tabs: "stack" starts a list of "pc ADDRESS" (return addresses, one per logical frame) and
// "frame LINE FUNCTION FILE"; "at ADDRESS LINE FUNCTION FILE" is the innermost frame of an address.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"sync"
)

var (
	out  = bufio.NewWriter(os.Stdout)
	bias uint64
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: frames TEXT ETEXT STEP MAIN")
		os.Exit(2)
		sync.NewCond(nil).Wait() // linked in for the DWARF of runtime.notifyList
	}
	var args [4]uint64
	for i := range args {
		n, err := strconv.ParseUint(os.Args[i+1], 16, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		args[i] = n
	}
	bias = uint64(reflect.ValueOf(main).Pointer()) - args[3]

	outer(3)
	generic("x")
	thing{}.method()
	func() { outer(1) }()
	var wait sync.WaitGroup
	wait.Add(1)
	go func() {
		defer wait.Done()
		outer(2)
	}()
	wait.Wait()
	defer out.Flush()
	defer deferred()

	for at := args[0]; at < args[1]; at += args[2] {
		// CallersFrames takes return addresses and looks one byte before them.
		frame, _ := runtime.CallersFrames([]uintptr{uintptr(at + bias + 1)}).Next()
		fmt.Fprintf(out, "at\t%x\t%d\t%s\t%s\n", at, frame.Line, frame.Function, frame.File)
	}
}

func deferred() { inlined3() }

//go:noinline
func outer(n int) {
	if n > 0 {
		outer(n - 1)
		return
	}
	inlined1()
}

// Inlined three deep into outer.
func inlined1() { inlined2() }
func inlined2() { inlined3() }
func inlined3() { record() }

//go:noinline
func generic[T any](v T) T {
	inlined2()
	return v
}

type thing struct{}

//go:noinline
func (thing) method() { inlined1() }

//go:noinline
func record() {
	var pcs [64]uintptr
	n := runtime.Callers(1, pcs[:])
	fmt.Fprintln(out, "stack")
	for _, pc := range pcs[:n] {
		fmt.Fprintf(out, "pc\t%x\n", uint64(pc)-bias)
	}
	frames := runtime.CallersFrames(pcs[:n])
	for {
		frame, more := frames.Next()
		fmt.Fprintf(out, "frame\t%d\t%s\t%s\n", frame.Line, frame.Function, frame.File)
		if !more {
			break
		}
	}
}
