// A process at rest that knows everything about itself: prints runtime.NumGoroutine and runtime.Stack of all its
// goroutines, then obeys lines on stdin: "go N" (N goroutines, all ended before it answers), "read N" (N read
// system calls), "procs N" (GOMAXPROCS), "parked N" (N more goroutines that stay), "poke ADDRESS VALUE" (a word of its
// own memory, unchecked; it collects no garbage from then on), "held" (answers "ok" and the address of a page that holds
// up whoever reads it, 0 when there is none to be had), "profile N" (its own goroutine profile with debug=N),
// "quit". Answers "ok NumGoroutine". "gap" answers "ok" and the longest time, ns, that a goroutine which sleeps 1 ms at
// a time went without running since the last "gap".
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var (
	never   = make(chan int)
	started sync.WaitGroup
	// Reachable, or the collector closes it and the goroutine that reads from the pipe ends.
	pipeWriter *os.File
)

//go:noinline
func deep(n int, ready func()) int {
	if n == 0 {
		ready()
		return <-never
	}
	return deep(n-1, ready) + n
}

// Into C and back, then waits there. Set in cgo builds.
var callBack func(ready func())

func inlinedReceive(c chan int) int { return <-c }

func park(f func(ready func())) {
	started.Add(1)
	go func() {
		f(started.Done)
	}()
}

func start() {
	var mu sync.Mutex
	mu.Lock()
	var never2 sync.WaitGroup
	never2.Add(1)
	var rw sync.RWMutex
	rw.Lock()
	cond := sync.NewCond(new(sync.Mutex))
	pr, pw, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	pipeWriter = pw
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	park(func(ready func()) { ready(); <-never })
	park(func(ready func()) { ready(); make(chan int) <- 1 })
	park(func(ready func()) {
		ready()
		select {
		case <-never:
		case <-make(chan int):
		}
	})
	park(func(ready func()) { ready(); select {} })
	park(func(ready func()) { ready(); time.Sleep(time.Hour) })
	park(func(ready func()) { ready(); mu.Lock() })
	park(func(ready func()) { ready(); rw.RLock() })
	park(func(ready func()) { ready(); never2.Wait() })
	park(func(ready func()) { cond.L.Lock(); ready(); cond.Wait() })
	park(func(ready func()) { ready(); pr.Read(make([]byte, 1)) })
	park(func(ready func()) { ready(); syscall.Read(fds[0], make([]byte, 1)) })
	park(func(ready func()) { ready(); inlinedReceive(never) })
	park(func(ready func()) { runtime.LockOSThread(); ready(); <-never })
	park(func(ready func()) {
		pprof.Do(context.Background(), pprof.Labels("kind", "labelled"), func(context.Context) { ready(); <-never })
	})
	if callBack != nil {
		park(func(ready func()) { callBack(ready) })
	}
	for _, n := range []int{3, 20, 55, 300} {
		n := n
		park(func(ready func()) { deep(n, ready) })
	}
	started.Wait()
	// Until each has reached the place where it stays, GC workers included. Twice: a collection gives g.waitsince the
	// time of the one before it.
	for i := 0; i < 2; i++ {
		runtime.GC()
		time.Sleep(200 * time.Millisecond)
	}
}

var (
	ticking sync.Once
	gap     int64
)

func longestGap() int64 {
	ticking.Do(func() {
		go func() {
			for before := time.Now(); ; {
				time.Sleep(time.Millisecond)
				now := time.Now()
				if d := int64(now.Sub(before)); d > atomic.LoadInt64(&gap) {
					atomic.StoreInt64(&gap, d)
				}
				before = now
			}
		}()
	})
	return atomic.SwapInt64(&gap, 0)
}

// What a hostile program does to whoever trusts its memory. No pointer arithmetic that vet could object to.
func poke(address, value uint64) {
	**(**uint64)(unsafe.Pointer(&address)) = value
}

func main() {
	start()
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	fmt.Printf("goroutines %d\n%s\nend\n", runtime.NumGoroutine(), buf)
	zero, err := syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
	if err != nil {
		panic(err)
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var what string
		var n int
		fmt.Sscan(in.Text(), &what, &n)
		switch what {
		case "go":
			var done sync.WaitGroup
			done.Add(n)
			for i := 0; i < n; i++ {
				go func() { done.Done() }()
			}
			done.Wait()
			time.Sleep(100 * time.Millisecond)
		case "read":
			var b [1]byte
			for i := 0; i < n; i++ {
				syscall.Read(zero, b[:])
			}
		case "procs":
			runtime.GOMAXPROCS(n)
		case "parked":
			started.Add(n)
			for i := 0; i < n; i++ {
				go func() { deep(i%8, started.Done) }()
			}
			started.Wait()
			time.Sleep(100 * time.Millisecond)
		case "profile":
			pprof.Lookup("goroutine").WriteTo(io.Discard, n)
		case "gap":
			fmt.Println("ok", longestGap())
			continue
		case "poke":
			var address, value uint64
			fmt.Sscan(in.Text(), &what, &address, &value)
			debug.SetGCPercent(-1)
			poke(address, value)
		case "held":
			fmt.Println("ok", held())
			continue
		case "quit":
			return
		}
		fmt.Println("ok", runtime.NumGoroutine())
	}
}
