// A mutex that goes from hand to hand: two hold it most of the time, for a while each, eight want it. The main
// goroutine, which made it, has its address on its stack, too, and nearer to where it stands.
//
//	handed -hold 3ms   prints {"type":"ready"} and goes on until it is killed
package main

import (
	"flag"
	"fmt"
	"sync"
	"time"
)

type cache struct {
	mu sync.Mutex
	n  int
}

// Who sleeps here holds it.
//
//go:noinline
func (c *cache) refresh(hold time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	time.Sleep(hold)
	c.n++
}

//go:noinline
func (c *cache) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func main() {
	hold := flag.Duration("hold", 3*time.Millisecond, "")
	flag.Parse()
	c := &cache{}
	for i := 0; i < 2; i++ {
		go func() {
			for {
				c.refresh(*hold)
			}
		}()
	}
	for i := 0; i < 8; i++ {
		go func() {
			for {
				c.get()
				time.Sleep(100 * time.Microsecond)
			}
		}()
	}
	fmt.Println(`{"type":"ready"}`)
	select {}
}
