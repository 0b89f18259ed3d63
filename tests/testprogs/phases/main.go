// Goroutines that alternate between phases of known kinds and keep account of the time they spent in each: what a
// sampling engine's estimates are held against. The course is drawn from a fixed seed.
//
//	phases [-seed 1] [-idle N]     prints "ready", then for each line on stdin its account as JSON
//
// -idle adds goroutines that wait for ever.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

var began = time.Now()

func now() int64 { return int64(time.Since(began)) }

// One kind of phase: nanoseconds spent in it by the goroutines that are out of it, and the sum of the times at
// which the others entered.
type phase struct {
	done, entered, inside int64
	count                 int64
}

var short, medium, long, receiving phase

func during(p *phase, f func()) {
	from := now()
	atomic.AddInt64(&p.entered, from)
	atomic.AddInt64(&p.inside, 1)
	f()
	to := now()
	atomic.AddInt64(&p.inside, -1)
	atomic.AddInt64(&p.entered, -from)
	atomic.AddInt64(&p.done, to-from)
	atomic.AddInt64(&p.count, 1)
}

//go:noinline
func napShort(d time.Duration) { during(&short, func() { time.Sleep(d) }) }

//go:noinline
func napMedium(d time.Duration) { during(&medium, func() { time.Sleep(d) }) }

//go:noinline
func napLong(d time.Duration) { during(&long, func() { time.Sleep(d) }) }

//go:noinline
func receive(c chan int) { during(&receiving, func() { <-c }) }

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int63n(int64(high-low)))
}

func napper(r *rand.Rand, c chan int) {
	for {
		switch n := r.Intn(20); {
		case n < 10:
			napShort(between(r, 500*time.Microsecond, 4*time.Millisecond))
		case n < 16:
			napMedium(between(r, 8*time.Millisecond, 25*time.Millisecond))
		case n < 17:
			napLong(between(r, 60*time.Millisecond, 300*time.Millisecond))
		default:
			select { // whoever receives is let go
			case c <- 1:
			default:
			}
		}
	}
}

func receiver(c chan int) {
	for {
		receive(c)
	}
}

func forever(c chan int) { <-c }

type account struct {
	Type  string           `json:"type"`
	AtNs  int64            `json:"at_ns"`
	Ns    map[string]int64 `json:"ns"` // by function, those inside included
	Count map[string]int64 `json:"count"`
	Live  int              `json:"goroutines"`
}

func main() {
	seed := flag.Int64("seed", 1, "of the course")
	idle := flag.Int("idle", 0, "goroutines that wait for ever")
	flag.Parse()
	c := make(chan int)
	for i := 0; i < 30; i++ {
		go napper(rand.New(rand.NewSource(*seed+int64(i))), c)
	}
	for i := 0; i < 6; i++ {
		go receiver(c)
	}
	never := make(chan int)
	for i := 0; i < *idle; i++ {
		go forever(never)
	}
	fmt.Println(`{"type":"ready"}`)
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		a := account{"account", now(), map[string]int64{}, map[string]int64{}, runtime.NumGoroutine()}
		for name, p := range map[string]*phase{"main.napShort": &short, "main.napMedium": &medium,
			"main.napLong": &long, "main.receive": &receiving} {
			a.Ns[name] = atomic.LoadInt64(&p.done) + atomic.LoadInt64(&p.inside)*now() - atomic.LoadInt64(&p.entered)
			a.Count[name] = atomic.LoadInt64(&p.count)
		}
		out.Encode(a)
	}
}
