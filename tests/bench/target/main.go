// Targets of the benchmarks. Every 50 ms each prints how many operations it has done so far; the harness stamps the
// lines and makes rates of them.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"time"
)

func report(ops *uint64) {
	for range time.Tick(50 * time.Millisecond) {
		fmt.Println(atomic.LoadUint64(ops))
	}
}

// Runs f below n more frames, so that a stack recorded in it is that much deeper.
//
//go:noinline
func below(n int, f func()) {
	if n > 0 {
		below(n-1, f)
		return
	}
	f()
}

// Two goroutines hand one token back and forth over unbuffered channels: nothing but parks and wake-ups.
func pingpong(depth int, ops *uint64) {
	ping, pong := make(chan struct{}), make(chan struct{})
	go below(depth, func() {
		for range ping {
			pong <- struct{}{}
		}
	})
	below(depth, func() {
		for {
			ping <- struct{}{}
			<-pong
			atomic.AddUint64(ops, 1)
		}
	})
}

// Some microseconds of what programs do: reads and writes all over 16 KiB, and jumps that nobody foresees.
//
//go:noinline
func work(memory *[2048]uint64, state *uint64, steps int) {
	x := *state | 1
	for i := 0; i < steps; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		word := &memory[x%2048]
		if x&1 == 0 {
			*word += x
		} else {
			x += *word
		}
	}
	*state = x
}

// Each stage takes an item, works on it, and hands it on over an unbuffered channel.
func pipeline(stages, steps int, ops *uint64) {
	var first chan int
	in := make(chan int)
	first = in
	for i := 0; i < stages; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			memory, state := new([2048]uint64), uint64(1)
			for item := range in {
				work(memory, &state, steps)
				out <- item
			}
		}(in, out)
		in = out
	}
	go func() {
		for {
			first <- 1
		}
	}()
	for range in {
		atomic.AddUint64(ops, 1)
	}
}

// Workers that share four locks and lose the CPU while they hold one: the others wait for it, and no CPU is without
// work. (Where one is, the runtime's search for work takes CPU time that no hit explains.)
func mutexPool(workers, steps int, ops *uint64) {
	var pool [4]struct {
		sync.Mutex
		memory [2048]uint64
		state  uint64
	}
	for i := 0; i < workers; i++ {
		go func(at int) {
			for ; ; at++ {
				one := &pool[at%len(pool)]
				one.Lock()
				work(&one.memory, &one.state, steps)
				runtime.Gosched()
				one.Unlock()
				atomic.AddUint64(ops, 1)
			}
		}(i)
	}
	select {}
}

// Goroutines by the hundred that work a little and end.
func storm(steps int, ops *uint64) {
	for {
		var group sync.WaitGroup
		for i := 0; i < 100; i++ {
			group.Add(1)
			go func() {
				var memory [2048]uint64
				state := uint64(1)
				work(&memory, &state, steps)
				group.Done()
			}()
		}
		group.Wait()
		atomic.AddUint64(ops, 100)
	}
}

// A server with little to do: each second a hundred goroutines work a little, and leave garbage behind.
func duty(steps int, ops *uint64) {
	var kept [100][]byte
	for range time.Tick(time.Second) {
		var group sync.WaitGroup
		for i := range kept {
			group.Add(1)
			go func(i int) {
				var memory [2048]uint64
				state := uint64(1)
				work(&memory, &state, steps)
				kept[i] = make([]byte, 4096)
				group.Done()
			}(i)
		}
		group.Wait()
		atomic.AddUint64(ops, 1)
	}
}

// What a handler asks the worker for, and where the answer goes.
type job struct {
	answer chan string
}

// One goroutine answers for all connections: each request is handed to it over a channel and waits for its answer.
func worker(jobs chan job) {
	for j := range jobs {
		j.answer <- "hello, world\n"
	}
}

func serve(handOff bool, ops *uint64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "http://"+listener.Addr().String()+"/")
	answer := func() string { return "hello, world\n" }
	if handOff {
		jobs := make(chan job)
		go worker(jobs)
		answer = func() string {
			j := job{make(chan string)}
			jobs <- j
			return <-j.answer
		}
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atomic.AddUint64(ops, 1)
		io.WriteString(w, answer())
	})))
}

func load(url string, clients int, rest time.Duration, ops *uint64) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	for i := 0; i < clients; i++ {
		go func() {
			for {
				response, err := client.Get(url)
				if err != nil {
					log.Fatal(err)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				atomic.AddUint64(ops, 1)
				time.Sleep(rest)
			}
		}()
	}
	select {}
}

func parked(n int) {
	forever := make(chan struct{})
	for i := 0; i < n; i++ {
		go below(8, func() { <-forever })
	}
	<-forever
}

func main() {
	mode := flag.String("mode", "pingpong", "pingpong, pipeline, mutex, storm, duty, serve, load or parked")
	depth := flag.Int("depth", 0, "pingpong: frames more on the stack")
	url := flag.String("url", "", "load: where to")
	n := flag.Int("n", 8, "load: clients; parked: goroutines; pipeline: stages; mutex: workers")
	steps := flag.Int("steps", 500, "pipeline, mutex, storm, duty: of work between two events, some ns each")
	handOff := flag.Bool("handoff", false, "serve: a worker goroutine answers, over channels")
	blockProfile := flag.Bool("blockprofile", false, "profile every wait (runtime.SetBlockProfileRate(1))")
	file := flag.String("trace", "", "record runtime/trace to this file")
	rest := flag.Duration("rest", 0, "load: of a client between two requests")
	lifetime := flag.Duration("lifetime", 5*time.Minute, "end by itself after this long")
	flag.Parse()
	time.AfterFunc(*lifetime, func() { os.Exit(0) })
	if *blockProfile {
		runtime.SetBlockProfileRate(1)
	}
	if *file != "" {
		f, err := os.Create(*file)
		if err != nil {
			log.Fatal(err)
		}
		if err := trace.Start(f); err != nil {
			log.Fatal(err)
		}
	}
	var ops uint64
	go report(&ops)
	switch *mode {
	case "pingpong":
		pingpong(*depth, &ops)
	case "pipeline":
		pipeline(*n, *steps, &ops)
	case "mutex":
		mutexPool(*n, *steps, &ops)
	case "storm":
		storm(*steps, &ops)
	case "duty":
		duty(*steps, &ops)
	case "serve":
		serve(*handOff, &ops)
	case "load":
		load(*url, *n, *rest, &ops)
	case "parked":
		parked(*n)
	}
}
