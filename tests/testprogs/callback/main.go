// Goroutines that wait in a Go function that C called; above the call into C one has a frame of 32 KiB. One line of JSON with
// runtime.Stack, then it waits until its stdin closes.
package main

/*
extern void goCallback(void);
static void call_back(void) { goCallback(); }
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

//export goCallback
func goCallback() {
	there.Done()
	select {}
}

var there sync.WaitGroup

//go:noinline
func bigFrame(n int) byte {
	var a [32 << 10]byte
	a[n] = 1
	C.call_back()
	return a[n+1]
}

//go:noinline
func caller(n int) byte { return bigFrame(n) + 1 }

//go:noinline
func directly() { C.call_back() }

func main() {
	there.Add(2)
	go caller(5)
	go directly()
	there.Wait()
	time.Sleep(100 * time.Millisecond)
	buf := make([]byte, 1<<20)
	text, err := json.Marshal(map[string]string{"type": "ready", "text": string(buf[:runtime.Stack(buf, true)])})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", text)
	io.Copy(io.Discard, os.Stdin)
}
