package main

import (
	"context"
	"os"
	"reflect"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"syscall"
	"time"
)

var (
	never = make(chan int)
	ready sync.WaitGroup
	// Reachable, or the collector closes it and the goroutine that reads from the pipe ends.
	pipeWriter *os.File
)

// start makes a goroutine that says when it is about to reach the place where it stays.
func start(f func()) {
	ready.Add(1)
	go f()
}

func block() {
	ready.Done()
	<-never
}

// ---- inlined, two deep
func inlinedOuter() { inlinedInner() }
func inlinedInner() { ready.Done(); <-never }

// ---- generics
type number interface{ ~int | ~float64 }

//go:noinline
func generic[T number](x T) T { block(); return x }

type list[T any] struct{ items []T }

//go:noinline
func (l *list[T]) wait(f func(T)) { block(); f(l.items[0]) }

//go:noinline
func nested[K comparable, V any](m map[K][]V) { (&list[map[K][]V]{}).wait(nil) }

// ---- wrappers made by the compiler: promoted methods, method values, interfaces of value receivers
type base struct{ pad [4]int }

//go:noinline
func (b base) Wait() { block() }

type derived struct {
	x int
	*base
}
type waiter interface{ Wait() }

// ---- recursion
//
//go:noinline
func deep(n int) int {
	if n == 0 {
		block()
		return 0
	}
	return deep(n-1) + n
}

// ---- panics in flight
//
//go:noinline
func inDeferAfterPanic() {
	defer func() { block() }()
	panic("on purpose")
}

//go:noinline
func inDeferAfterFault() {
	defer func() { block() }()
	var p *base
	p.pad[1] = p.pad[2]
}

// The fault is in a function without a frame: its caller is in no chain of frame pointers.
//
//go:noinline
func inDeferAfterFaultInLeaf() {
	defer func() { block() }()
	callsLeaf(nil)
}

//go:noinline
func callsLeaf(p *int) int { return leaf(p) + 1 }

//go:noinline
func leaf(p *int) int { return *p }

//go:noinline
func nilWrapper() {
	defer func() { recover(); block() }()
	var d derived
	var w waiter = d
	w.Wait()
}

// ---- interrupted anywhere in a loop, with calls inlined into it
//
//go:noinline
func mill(words []uint64) {
	ready.Done()
	for i := 0; ; i++ {
		words[i&63] = grind(words[(i*7)&63], uint64(i))
	}
}

func grind(x, y uint64) uint64 {
	x ^= fold(x) + y
	x *= 0xff51afd7ed558ccd
	return fold(x)
}

func fold(x uint64) uint64 { return x ^ x>>33 ^ x<<11 }

//go:noinline
func millAfterFault() {
	defer func() { mill(make([]uint64, 64)) }()
	var p *base
	p.pad[1] = p.pad[2]
}

type byBlocking []int

func (b byBlocking) Len() int           { return len(b) }
func (b byBlocking) Swap(i, j int)      {}
func (b byBlocking) Less(i, j int) bool { block(); return false }

func park() {
	var mu sync.Mutex
	mu.Lock()
	var group sync.WaitGroup
	group.Add(1)
	var rw sync.RWMutex
	rw.Lock()
	cond := sync.NewCond(new(sync.Mutex))
	pr, pw, err := os.Pipe()
	check(err)
	pipeWriter = pw
	var fds [2]int
	check(syscall.Pipe(fds[:]))

	start(block)
	start(func() { ready.Done(); make(chan int) <- 1 })
	start(func() { var c chan int; ready.Done(); <-c })
	start(func() { ready.Done(); select {} })
	start(func() {
		ready.Done()
		select {
		case <-never:
		case <-make(chan int):
		}
	})
	start(func() { ready.Done(); time.Sleep(time.Hour) })
	start(func() { ready.Done(); mu.Lock() })
	start(func() { ready.Done(); rw.RLock() })
	start(func() { ready.Done(); rw.Lock() })
	start(func() { ready.Done(); group.Wait() })
	start(func() { cond.L.Lock(); ready.Done(); cond.Wait() })
	start(func() { ready.Done(); pr.Read(make([]byte, 1)) })
	start(func() { ready.Done(); syscall.Read(fds[0], make([]byte, 1)) })
	start(func() { runtime.LockOSThread(); block() })

	start(inlinedOuter)
	start(func() { generic(1.5) })
	start(func() { generic(1) })
	start(func() { (&list[string]{}).wait(nil) })
	start(func() { nested(map[string][]int{}) })
	start(derived{1, &base{}}.Wait)
	start(func() { var w waiter = derived{1, &base{}}; w.Wait() })
	start(func() { defer block(); runtime.Goexit() })
	start(inDeferAfterPanic)
	start(inDeferAfterFault)
	start(inDeferAfterFaultInLeaf)
	start(nilWrapper)
	start(func() { sort.Sort(byBlocking{2, 1}) })
	start(func() { sort.Slice([]int{2, 1}, func(i, j int) bool { block(); return false }) })
	start(func() { reflect.ValueOf(block).Call(nil) })
	start(func() { var once sync.Once; once.Do(block) })
	start(func() { time.AfterFunc(0, block) })
	for _, n := range []int{3, 20, 40, 80} {
		n := n
		start(func() { deep(n) })
	}
	for i := 0; i < 7; i++ {
		start(block)
	}
	for i := 0; i < 3; i++ {
		start(func() {
			pprof.Do(context.Background(), pprof.Labels("tenant", "acme", "path", "/a b\"c\\"), func(context.Context) { block() })
		})
	}
	pprof.Do(context.Background(), pprof.Labels("inherited", "ja"), func(context.Context) { start(block) })
	ready.Wait()
	// Until each has reached the place where it stays, the workers of the collector included.
	runtime.GC()
	time.Sleep(300 * time.Millisecond)
}
