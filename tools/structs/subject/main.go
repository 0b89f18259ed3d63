// Uses what is linked in only when it is used: sync.Cond, maps, the poller. Never run.
package main

import (
	"fmt"
	"os"
	"sync"
)

func main() {
	c := make(chan int)
	go close(c)
	<-c
	r, _, _ := os.Pipe()
	fmt.Fscan(r, map[string]*sync.Cond{})
	sync.NewCond(nil).Wait()
}
