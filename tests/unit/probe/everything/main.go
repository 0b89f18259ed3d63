// Links every part of the runtime a probe plan looks for: only its machine code matters, it is never run.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

func main() {
	var mu sync.RWMutex
	var wg sync.WaitGroup
	cond := sync.NewCond(&mu)
	values := make(chan int, 1)
	done := make(chan struct{})
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			runtime.Gosched()
			select {
			case values <- i:
			case <-done:
			case <-time.After(time.Millisecond):
			}
			cond.Broadcast()
		}(i)
	}
	fmt.Println(<-values)
	close(done)
	wg.Wait()
	if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		go func() {
			if c, err := net.Dial("tcp", listener.Addr().String()); err == nil {
				c.Close()
			}
		}()
		if c, err := listener.Accept(); err == nil {
			c.Close()
		}
	}
	if data, err := os.ReadFile(os.Args[0]); err == nil {
		fmt.Println(len(data))
	}
	pull()
}
