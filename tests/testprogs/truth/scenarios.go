package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var scenarios = map[string]func(r *result){
	"spawn":    spawn,
	"grow":     grow,
	"sleep":    sleeps,
	"timers":   timers,
	"gc":       gcs,
	"gosched":  gosched,
	"panics":   panics,
	"syscalls": syscalls,
	"leak":     leak,
	"churn":    churn,
	"pingpong": pingpong,
	"sleepers": sleepers,
}

func init() {
	for _, b := range blockings {
		scenarios[b.name] = b.run
	}
}

// Not in it: what runs for a given time, and leak, after which the program is not what it was.
func everything() (names []string) {
	for _, b := range blockings {
		names = append(names, b.name)
	}
	names = append(names, "spawn", "grow", "sleep", "timers", "gc", "gosched", "panics", "syscalls")
	for _, extra := range []string{"pull", "cgo"} {
		if scenarios[extra] != nil {
			names = append(names, extra)
		}
	}
	return
}

//go:noinline
func spawnA(done *int32) { atomic.AddInt32(done, 1) }

//go:noinline
func spawnB(done *int32) { atomic.AddInt32(done, 1); runtime.Gosched() }

//go:noinline
func spawnC(done *int32) { atomic.AddInt32(done, 1); runtime.Goexit() }

// spawn: three creation sites with numbers of their own.
func spawn(r *result) {
	var done int32
	na, nb, nc := 100**rounds, 30**rounds, 7**rounds
	before := runtime.NumGoroutine()
	createA(na, &done)
	createB(nb, &done)
	createC(nc, &done)
	awaitCount(before)
	r.spawned("main.createA", na)
	r.spawned("main.createB", nb)
	r.spawned("main.createC", nc)
}

//go:noinline
func createA(n int, done *int32) {
	for i := 0; i < n; i++ {
		go spawnA(done)
	}
}

//go:noinline
func createB(n int, done *int32) {
	for i := 0; i < n; i++ {
		go spawnB(done)
	}
}

//go:noinline
func createC(n int, done *int32) {
	for i := 0; i < n; i++ {
		go spawnC(done)
	}
}

//go:noinline
func growWorker(depth int, c chan int) { blockGrow(depth, c) }

func grow(r *result) {
	const depths = 160
	before := runtime.NumGoroutine()
	c := make(chan int)
	began := monotonic()
	for d := 0; d < depths; d++ {
		go growWorker(d, c)
	}
	reasons := awaitParked("main.blockGrow", depths)
	releaseSends(c, depths)
	awaitCount(before)
	took := monotonic() - began
	for reason, count := range reasons {
		w := r.wait("main.blockGrow", reason)
		w.Waker, w.Count = "main.releaseSends", count
		w.LongestNs, w.MaxTotalNs = took, int64(count)*took
	}
	r.spawned("main.grow", depths)
}

//go:noinline
func blockSleep(d time.Duration) { time.Sleep(d) }

// Sleep(d > 0) parks exactly once in every version.
func sleeps(r *result) {
	w := r.wait("main.blockSleep", "sleep")
	before := runtime.NumGoroutine()
	took, began := make([]int64, *width), make([]int64, *width)
	for n := 0; n < *rounds; n++ {
		for i := range took {
			go worker(func(i int) { blockSleep(time.Duration(1+i) * time.Millisecond) }, i, began, took)
		}
		awaitCount(before)
		for i, ns := range took {
			w.MinTotalNs += int64(1+i) * int64(time.Millisecond)
			w.MaxTotalNs += ns
			if ns > w.LongestNs {
				w.LongestNs = ns
			}
		}
	}
	w.Count = *rounds * *width
	r.spawned("main.sleeps", w.Count)
}

var timersFired int32

//go:noinline
func onTimer() { atomic.AddInt32(&timersFired, 1) }

// timers: AfterFunc starts its function on a goroutine made from a timer callback, on g0.
func timers(r *result) {
	n := *rounds * *width
	target := atomic.LoadInt32(&timersFired) + int32(n)
	before := runtime.NumGoroutine()
	for i := 0; i < n; i++ {
		time.AfterFunc(time.Duration(i%5)*time.Millisecond, onTimer)
	}
	for atomic.LoadInt32(&timersFired) != target {
		time.Sleep(time.Millisecond)
	}
	awaitCount(before)
	r.spawned("main.onTimer", n)
}

var sink []byte

// gcs: collections run while goroutines stand parked; none of them counts a wait for it.
func gcs(r *result) {
	b := blockings[0]
	inner := *b
	inner.round = func(k int) (func(int), func()) {
		body, release := b.round(k)
		return body, func() {
			for i := 0; i < 3; i++ {
				sink = make([]byte, 1<<20)
				runtime.GC()
			}
			release()
		}
	}
	// The collections lie between the end of min and the release: min stays a lower bound.
	inner.run(r)
}

//go:noinline
func onlyGosched() {
	for i := 0; i < 100; i++ {
		runtime.Gosched()
	}
}

func gosched(r *result) {
	before := runtime.NumGoroutine()
	for i := 0; i < *width; i++ {
		go onlyGosched()
	}
	awaitCount(before)
	r.spawned("main.onlyGosched", *width)
	r.NotBlocked = append(r.NotBlocked, "main.onlyGosched")
}

//go:noinline
func panicker() {
	defer func() { recover() }()
	panic("known")
}

func panics(r *result) {
	before := runtime.NumGoroutine()
	for i := 0; i < *rounds**width; i++ {
		go panicker()
	}
	awaitCount(before)
	r.spawned("main.panicker", *rounds**width)
}

//go:noinline
func blockSyscall(fd int) {
	var b [1]byte
	for {
		if n, err := syscall.Read(fd, b[:]); n == 1 {
			return
		} else if err != syscall.EINTR {
			panic(err)
		}
	}
}

//go:noinline
func reader(fd, n int) {
	for i := 0; i < n; i++ {
		blockSyscall(fd)
	}
}

// syscalls: reads of a pipe in blocking mode, each made to wait; and the writes that end them.
func syscalls(r *result) {
	const reads = 50
	var fd [2]int
	if err := syscall.Pipe(fd[:]); err != nil {
		panic(err)
	}
	before := runtime.NumGoroutine()
	go reader(fd[0], reads)
	for i := 0; i < reads; i++ {
		time.Sleep(time.Millisecond)
		syscall.Write(fd[1], []byte{1})
	}
	awaitCount(before)
	syscall.Close(fd[0])
	syscall.Close(fd[1])
	r.spawned("main.syscalls", 1)
	r.Syscalls += 2*reads + 2
}

//go:noinline
func leaker(c chan int) { <-c }

func leak(r *result) {
	for i := 0; i < *width; i++ {
		go leaker(make(chan int))
	}
	awaitParked("main.leaker", r.Created["main.leak"]+*width)
	r.Created["main.leak"] += *width
}

//go:noinline
func churned(c chan int) { <-c }

// churn: 50,000 creations and exits a second around a constant number of live goroutines, oldest out first. Says how many
// it came to in each 100 ms.
func churn(r *result) {
	const live, perTick = 1000, 50
	const most = 500 * time.Millisecond / time.Millisecond * perTick
	before := runtime.NumGoroutine()
	var queue []chan int
	start := time.Now()
	created, skipped := 0, 0
	slot, inSlot := start, 0
	for time.Since(start) < *runFor {
		// However late it comes to run, the number made follows the clock, in lumps that keep live near what is
		// said; what it is more than half a second behind is given up, not made up for.
		due := int(time.Since(start)/time.Millisecond)*perTick - skipped
		if behind := due - created - int(most); behind > 0 {
			skipped += behind
			due -= behind
		}
		for n := 0; created < due && n < 4*perTick; n++ {
			c := make(chan int)
			queue = append(queue, c)
			go churned(c)
			created++
			if len(queue) > live {
				close(queue[0])
				queue = queue[1:]
			}
		}
		if now := runtime.NumGoroutine(); now > r.MaxLive {
			r.MaxLive = now
		}
		if took := time.Since(slot); took >= 100*time.Millisecond {
			r.Rates = append(r.Rates, int64(created-inSlot)*int64(time.Second)/int64(took))
			slot, inSlot = time.Now(), created
		}
		if created < due {
			runtime.Gosched()
		} else {
			time.Sleep(200 * time.Microsecond)
		}
	}
	awaitCount(before + len(queue))
	r.Created["main.churn"] += created
	r.Exited["main.churn"] += created - len(queue)
}

//go:noinline
func ponger(a, b chan int) {
	for v := range a {
		b <- v
	}
}

// pingpong: round trips of two goroutines over unbuffered channels, counted each 100 ms.
func pingpong(r *result) {
	a, b := make(chan int), make(chan int)
	before := runtime.NumGoroutine()
	go ponger(a, b)
	end, n, slot := time.Now().Add(*runFor), int64(0), time.Now()
	for time.Now().Before(end) {
		for i := 0; i < 64; i++ {
			a <- i
			<-b
			n++
		}
		if took := time.Since(slot); took > 100*time.Millisecond {
			r.Rates = append(r.Rates, n*int64(time.Second)/int64(took))
			n, slot = 0, time.Now()
		}
	}
	close(a)
	awaitCount(before)
	r.spawned("main.pingpong", 1)
}

//go:noinline
func sleeper(end time.Time, late *int32) {
	for time.Now().Before(end) {
		began := time.Now()
		time.Sleep(time.Millisecond)
		if time.Since(began) > 100*time.Millisecond {
			atomic.AddInt32(late, 1)
		}
	}
}

// sleepers: steady moderate traffic; no wait longer than LongestNs of sleep.
func sleepers(r *result) {
	before := runtime.NumGoroutine()
	end := time.Now().Add(*runFor)
	var late int32
	for i := 0; i < *width; i++ {
		go sleeper(end, &late)
	}
	time.Sleep(time.Until(end))
	awaitCount(before)
	r.TimesLate = int(late)
	r.spawned("main.sleepers", *width)
}

//go:noinline
func holdNil() { var c chan int; <-c }

//go:noinline
func holdForever() { select {} }

//go:noinline
func holdSyscall(fd int) { blockSyscall(fd) }

//go:noinline
func holdGeneric[T any](c chan T) T { return <-c }

func inlined(c chan int) int { return <-c } // into its caller

//go:noinline
func holdInlined(c chan int) { inlined(c) }

type holder struct{ c chan int }

//go:noinline
func (h *holder) deep(depth int) {
	if depth == 0 {
		blockRecv(h.c)
		return
	}
	h.deep(depth - 1)
}

var held struct {
	sync.Mutex
	sync.WaitGroup
	pipes []*os.File
}

// hold parks one goroutine in each known way, for good, and shows all stacks.
func hold() {
	c, strings := make(chan int), make(chan string)
	held.Mutex.Lock()
	held.WaitGroup.Add(1)
	var fd [2]int
	if err := syscall.Pipe(fd[:]); err != nil {
		panic(err)
	}
	r, w := mustPipe()
	held.pipes = append(held.pipes, r, w)
	before := runtime.NumGoroutine()
	starts := []struct {
		function string
		body     func()
	}{
		{"main.holdNil", holdNil},
		{"main.holdForever", holdForever},
		{"main.blockRecv", func() { blockRecv(c) }},
		{"main.blockSend", func() { blockSend(make(chan int)) }},
		{"main.blockSelect", func() { blockSelect(c, make(chan int)) }},
		{"main.blockMutex", func() { blockMutex(&held.Mutex) }},
		{"main.blockWaitGroup", func() { blockWaitGroup(&held.WaitGroup) }},
		{"main.blockCond", func() { cond := sync.NewCond(new(sync.Mutex)); cond.L.Lock(); blockCond(cond) }},
		{"main.blockPipe", func() { blockPipe(r) }},
		{"main.blockSleep", func() { blockSleep(time.Hour) }},
		{"main.holdSyscall", func() { holdSyscall(fd[0]) }},
		{"main.holdGeneric[...]", func() { holdGeneric(strings) }},
		{"main.holdInlined", func() { holdInlined(c) }},
		{"main.(*holder).deep", func() { (&holder{c}).deep(30) }},
	}
	for _, s := range starts {
		go s.body()
	}
	for _, s := range starts {
		if s.function != "main.blockRecv" { // deep stands in it too
			awaitParked(s.function, 1)
		}
	}
	awaitParked("main.blockRecv", 2)
	runtime.GC()
	say(map[string]interface{}{"type": "hold", "stacks": allStacks(), "goroutines": runtime.NumGoroutine(),
		"held": runtime.NumGoroutine() - before, "at_ns": monotonic()})
}
