// A host and its plugin, the first argument: a goroutine stands still in the host below the plugin; with a second argument
// another one in the plugin. One line of JSON with runtime.Stack, then it waits until its stdin closes.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"plugin"
	"runtime"
	"sync"
	"time"
)

//go:noinline
func hostBlock() {
	there.Done()
	<-make(chan int)
}

var there sync.WaitGroup

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	through, err := p.Lookup("Through")
	if err != nil {
		panic(err)
	}
	block, err := p.Lookup("Block")
	if err != nil {
		panic(err)
	}
	there.Add(1)
	go through.(func(func()))(hostBlock)
	if len(os.Args) > 2 {
		go block.(func())()
	}
	there.Wait()
	time.Sleep(500 * time.Millisecond)
	buf := make([]byte, 1<<20)
	text, err := json.Marshal(map[string]string{"type": "ready", "text": string(buf[:runtime.Stack(buf, true)])})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", text)
	io.Copy(io.Discard, os.Stdin)
}
