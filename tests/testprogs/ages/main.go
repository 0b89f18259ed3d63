// Goroutines that begin to wait at times they write down, CLOCK_MONOTONIC: what a dump says of how long they have
// waited is held against it. Prints "ready", then obeys lines on stdin, each answered in JSON:
//
//	park   one more goroutine of each kind of wait; goid, kind and the time just before it waited
//	gc     garbage collections, which give goroutines that wait a time
//	busy N N goroutines that park and wake all the time, at one place each; their goids
//	gaps   by goid, the longest time that each of those did not run since the last answer
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func monotonic() int64 {
	var t syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		panic(e)
	}
	return t.Nano()
}

func goid() (id int) {
	buf := make([]byte, 64)
	fmt.Sscanf(string(buf[:runtime.Stack(buf, false)]), "goroutine %d ", &id)
	return id
}

type parked struct {
	Goid int    `json:"goid"`
	Kind string `json:"kind"`
	AtNs int64  `json:"at_ns"`
}

var (
	never = make(chan int)
	other = make(chan int)
	held  sync.Mutex
	pipe  [2]int
)

func park(kind string, wait func()) parked {
	p := &parked{Kind: kind}
	go func() {
		p.Goid = goid()
		atomic.StoreInt64(&p.AtNs, monotonic())
		wait()
	}()
	for atomic.LoadInt64(&p.AtNs) == 0 {
		time.Sleep(100 * time.Microsecond)
	}
	return *p
}

func parkEach() []parked {
	return []parked{
		park("receive", func() { <-never }),
		park("select", func() {
			select {
			case <-never:
			case <-other:
			}
		}),
		park("sleep", func() { time.Sleep(time.Hour) }),
		park("mutex", func() { held.Lock() }),
		park("locked", func() { runtime.LockOSThread(); <-never }),
		park("syscall", func() { syscall.Read(pipe[0], make([]byte, 1)) }),
	}
}

// The other side of a busy goroutine lives on the same channel: both park at every turn.
type turner struct {
	goid    int
	longest int64
	last    int64 // when it was last seen running
}

func turn(c chan int, t *turner, ready func()) {
	t.goid = goid()
	t.last = monotonic()
	ready()
	for {
		<-c
		now := monotonic()
		if d := now - t.last; d > atomic.LoadInt64(&t.longest) {
			atomic.StoreInt64(&t.longest, d)
		}
		atomic.StoreInt64(&t.last, now)
	}
}

func busy(n int) (turners []*turner) {
	var started sync.WaitGroup
	started.Add(n)
	for i := 0; i < n; i++ {
		c, t := make(chan int), new(turner)
		turners = append(turners, t)
		go turn(c, t, started.Done)
		go func() {
			for {
				c <- 1
			}
		}()
	}
	started.Wait()
	return turners
}

func main() {
	held.Lock()
	if err := syscall.Pipe(pipe[:]); err != nil {
		panic(err)
	}
	var turners []*turner
	out := json.NewEncoder(os.Stdout)
	fmt.Println(`{"type":"ready"}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var what string
		var n int
		fmt.Sscan(in.Text(), &what, &n)
		answer := map[string]interface{}{"type": what, "now_ns": monotonic()}
		switch what {
		case "park":
			answer["parked"] = parkEach()
		case "gc":
			for i := 0; i < 3; i++ {
				runtime.GC()
			}
		case "busy":
			turners = busy(n)
		}
		longest := map[string]int64{}
		for _, t := range turners {
			// The wait that goes on counts too: on a busy machine it may be the longest.
			d := monotonic() - atomic.LoadInt64(&t.last)
			if ended := atomic.SwapInt64(&t.longest, 0); ended > d {
				d = ended
			}
			longest[fmt.Sprint(t.goid)] = d
		}
		answer["busy"] = longest
		out.Encode(answer)
	}
}
