package main

import (
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// A round: k goroutines call body, which parks exactly once in function; when all are seen parked, release
// lets them go.
type blocking struct {
	name, function, waker string
	round                 func(k int) (body func(i int), release func())
}

func (b *blocking) run(r *result) {
	// Or an allocation in body starts a collection, and waits for whoever starts one at the same time (gcStart,
	// work.startSema): that is another wait in function.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for n := 0; n < *rounds; n++ {
		body, release := b.round(*width)
		before := runtime.NumGoroutine()
		took := make([]int64, *width)
		began := make([]int64, *width)
		for i := 0; i < *width; i++ {
			go worker(body, i, began, took)
		}
		reasons := awaitParked(b.function, *width)
		seen := time.Now()
		time.Sleep(2 * time.Millisecond)
		released := int64(time.Since(seen))
		release()
		awaitCount(before)
		r.spawned("main.(*blocking).run", *width)
		longest, total := int64(0), int64(0)
		for _, ns := range took {
			total += ns
			if ns > longest {
				longest = ns
			}
		}
		for reason, count := range reasons {
			w := r.wait(b.function, reason)
			w.Waker = b.waker
			w.Count += count
			w.MinTotalNs += int64(count) * released
			w.MaxTotalNs += total
			if longest > w.LongestNs {
				w.LongestNs = longest
			}
		}
	}
}

//go:noinline
func worker(body func(i int), i int, began, took []int64) {
	began[i] = monotonic()
	body(i)
	took[i] = monotonic() - began[i]
}

//go:noinline
func blockRecv(c chan int) int { return <-c }

//go:noinline
func blockRecvClosed(c chan int) { <-c }

//go:noinline
func blockSend(c chan int) { c <- 1 }

//go:noinline
func blockSendFull(c chan int) { c <- 1 }

//go:noinline
func blockSelect(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

//go:noinline
func blockMutex(m *sync.Mutex) {
	m.Lock()
	unlock(m)
}

//go:noinline
func unlock(m *sync.Mutex) { m.Unlock() }

//go:noinline
func blockReaders(m *sync.RWMutex) {
	m.RLock()
	m.RUnlock()
}

//go:noinline
func blockWriters(m *sync.RWMutex) {
	m.Lock()
	m.Unlock()
}

//go:noinline
func blockWaitGroup(w *sync.WaitGroup) { w.Wait() }

//go:noinline
func blockCond(c *sync.Cond) { c.Wait() }

//go:noinline
func blockNet(c net.Conn) {
	var b [1]byte
	if _, err := c.Read(b[:]); err != nil {
		panic(err)
	}
}

//go:noinline
func blockPipe(f *os.File) {
	var b [1]byte
	if _, err := f.Read(b[:]); err != nil {
		panic(err)
	}
}

//go:noinline
func blockLocked(c chan int) {
	runtime.LockOSThread()
	<-c
	runtime.UnlockOSThread()
}

// Fresh stacks of many depths: in some of them the check in the prologue of gopark or chanrecv finds no room
// and goes through morestack first.
//
//go:noinline
func blockGrow(depth int, c chan int) int {
	if depth == 0 {
		return <-c
	}
	return blockGrow(depth-1, c) + 1
}

//go:noinline
func releaseSends(c chan int, k int) {
	for i := 0; i < k; i++ {
		c <- 1
	}
}

//go:noinline
func releaseReceives(c chan int, k int) {
	for i := 0; i < k; i++ {
		<-c
	}
}

//go:noinline
func releaseClose(c chan int) { close(c) }

//go:noinline
func releaseDone(w *sync.WaitGroup) { w.Done() }

//go:noinline
func releaseCond(c *sync.Cond) {
	for i := 0; i < *width; i++ {
		c.Signal()
	}
}

func sendsRound(body func(chan int)) func(int) (func(int), func()) {
	return func(k int) (func(int), func()) {
		c := make(chan int)
		return func(int) { body(c) }, func() { releaseSends(c, k) }
	}
}

var blockings = []*blocking{
	{"recv", "main.blockRecv", "main.releaseSends", sendsRound(func(c chan int) { blockRecv(c) })},
	{"recvclosed", "main.blockRecvClosed", "main.releaseClose", func(k int) (func(int), func()) {
		c := make(chan int)
		return func(int) { blockRecvClosed(c) }, func() { releaseClose(c) }
	}},
	{"send", "main.blockSend", "main.releaseReceives", func(k int) (func(int), func()) {
		c := make(chan int)
		return func(int) { blockSend(c) }, func() { releaseReceives(c, k) }
	}},
	{"sendfull", "main.blockSendFull", "main.releaseReceives", func(k int) (func(int), func()) {
		c := make(chan int, 2)
		c <- 1
		c <- 1
		return func(int) { blockSendFull(c) }, func() { releaseReceives(c, k+2) }
	}},
	{"select", "main.blockSelect", "main.releaseSends", func(k int) (func(int), func()) {
		a, b := make(chan int), make(chan int)
		return func(int) { blockSelect(a, b) }, func() { releaseSends(b, k) }
	}},
	{"mutex", "main.blockMutex", "", func(k int) (func(int), func()) {
		m := new(sync.Mutex)
		m.Lock()
		return func(int) { blockMutex(m) }, func() { unlock(m) }
	}},
	{"rwread", "main.blockReaders", "", func(k int) (func(int), func()) {
		m := new(sync.RWMutex)
		m.Lock()
		return func(int) { blockReaders(m) }, func() { m.Unlock() }
	}},
	{"rwwrite", "main.blockWriters", "", func(k int) (func(int), func()) {
		m := new(sync.RWMutex)
		m.RLock()
		return func(int) { blockWriters(m) }, func() { m.RUnlock() }
	}},
	{"waitgroup", "main.blockWaitGroup", "main.releaseDone", func(k int) (func(int), func()) {
		w := new(sync.WaitGroup)
		w.Add(1)
		return func(int) { blockWaitGroup(w) }, func() { releaseDone(w) }
	}},
	{"cond", "main.blockCond", "main.releaseCond", func(k int) (func(int), func()) {
		c := sync.NewCond(new(sync.Mutex))
		return func(int) { c.L.Lock(); blockCond(c); c.L.Unlock() }, func() { releaseCond(c) }
	}},
	{"net", "main.blockNet", "", netRound},
	{"pipe", "main.blockPipe", "", func(k int) (func(int), func()) {
		files := make([]*os.File, 2*k)
		for i := 0; i < k; i++ {
			files[2*i], files[2*i+1] = mustPipe()
		}
		return func(i int) { blockPipe(files[2*i]); files[2*i].Close() }, func() {
			for i := 0; i < k; i++ {
				files[2*i+1].Write([]byte{1})
				files[2*i+1].Close()
			}
		}
	}},
	{"locked", "main.blockLocked", "main.releaseSends", sendsRound(blockLocked)},
}

func mustPipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	return r, w
}

func netRound(k int) (func(int), func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	near, far := make([]net.Conn, k), make([]net.Conn, k)
	for i := range near {
		// The handshake is the kernel's: the connection is made before anyone accepts.
		if near[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
			panic(err)
		}
		if far[i], err = l.Accept(); err != nil {
			panic(err)
		}
	}
	return func(i int) { blockNet(near[i]); near[i].Close() }, func() {
		for _, c := range far {
			c.Write([]byte{1})
			c.Close()
		}
	}
}
