// Goroutines that nap under labels, and count their naps by the label they had. Five with {tenant: acme}, three with
// {tenant: zeta}, two without labels, for good; and one, as a server does with each request, under labels of its own
// each time, in a function that tells which: napOne with {tenant: one}, napTwo with {tenant: two}. In between it makes
// garbage, so that a set of labels comes to lie where another one was.
// Prints "ready", then answers each line on stdin with the counts, in JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

const length = 10 * time.Millisecond

var counts = map[string]*int64{"acme": new(int64), "zeta": new(int64), "": new(int64), "one": new(int64), "two": new(int64)}

func with(tenant string) context.Context {
	return pprof.WithLabels(context.Background(), pprof.Labels("tenant", tenant, "kind", "test"))
}

func napper(tenant string) {
	if tenant != "" {
		pprof.SetGoroutineLabels(with(tenant))
	}
	for {
		time.Sleep(length)
		atomic.AddInt64(counts[tenant], 1)
	}
}

//go:noinline
func napOne() {
	time.Sleep(time.Millisecond)
	atomic.AddInt64(counts["one"], 1)
}

//go:noinline
func napTwo() {
	time.Sleep(time.Millisecond)
	atomic.AddInt64(counts["two"], 1)
}

func requests() {
	for i := 0; ; i++ {
		pprof.Do(context.Background(), pprof.Labels("tenant", "one", "request", fmt.Sprint(i)), func(context.Context) { napOne() })
		pprof.Do(context.Background(), pprof.Labels("tenant", "two", "request", fmt.Sprint(i)), func(context.Context) { napTwo() })
		if i%8 == 0 {
			runtime.GC()
		}
	}
}

func main() {
	for tenant, n := range map[string]int{"acme": 5, "zeta": 3, "": 2} {
		for i := 0; i < n; i++ {
			go napper(tenant)
		}
	}
	go requests()
	out := json.NewEncoder(os.Stdout)
	fmt.Println(`{"type":"ready"}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		message := map[string]interface{}{"type": "count"}
		for tenant, count := range counts {
			message[tenant] = atomic.LoadInt64(count)
		}
		out.Encode(message)
	}
}
