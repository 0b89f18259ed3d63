// A program whose world stands still for known reasons, so many times, and what its own runtime says of that.
//
//	pauses [-trace FILE]    prints "ready", then for each line "go" on stdin its account as JSON
//
// In between it does nothing that collects or stops the world. Goroutines that wake each other run all the time.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/trace"
	"time"
)

const (
	collections = 30
	reads       = 20 // of runtime.MemStats
	stacks      = 10 // of all goroutines
)

type account struct {
	Type        string  `json:"type"`
	Collections uint32  `json:"collections"`
	GcPauses    []int64 `json:"gc_pauses_ns"` // runtime.MemStats: both of each collection together
	// runtime/metrics, from Go 1.22 on: how many pauses of collections, how many others
	MetricGc    *uint64 `json:"metric_gc"`
	MetricOther *uint64 `json:"metric_other"`
	Reads       int     `json:"reads"`
	Stacks      int     `json:"stacks"`
	ProcChanges int     `json:"proc_changes"`
	Trace       bool    `json:"trace"`
}

var garbage []*[64]byte // keeps a collection busy for a while

func counts() (gc, other *uint64) {
	samples := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}, {Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(samples)
	sum := func(s metrics.Sample) *uint64 {
		if s.Value.Kind() != metrics.KindFloat64Histogram {
			return nil
		}
		var n uint64
		for _, c := range s.Value.Float64Histogram().Counts {
			n += c
		}
		return &n
	}
	return sum(samples[0]), sum(samples[1])
}

func difference(before, after *uint64) *uint64 {
	if before == nil || after == nil {
		return nil
	}
	d := *after - *before
	return &d
}

func window(file string) account {
	out := account{Type: "done", Reads: reads + 2, Stacks: stacks, ProcChanges: 2}
	gcBefore, otherBefore := counts()
	if file != "" {
		f, err := os.Create(file)
		if err != nil {
			panic(err)
		}
		defer f.Close()
		if err := trace.Start(f); err != nil {
			panic(err)
		}
		out.Trace = true
	}
	var before, after, other runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < collections; i++ {
		runtime.GC()
		time.Sleep(2 * time.Millisecond)
	}
	for i := 0; i < reads; i++ {
		runtime.ReadMemStats(&other)
	}
	text := make([]byte, 1<<16)
	for i := 0; i < stacks; i++ {
		runtime.Stack(text, true)
	}
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(procs + 1)
	runtime.GOMAXPROCS(procs)
	runtime.ReadMemStats(&after)
	if file != "" {
		trace.Stop()
	}
	gcAfter, otherAfter := counts()
	out.Collections = after.NumGC - before.NumGC
	for i := before.NumGC; i < after.NumGC; i++ {
		out.GcPauses = append(out.GcPauses, int64(after.PauseNs[i%uint32(len(after.PauseNs))]))
	}
	out.MetricGc, out.MetricOther = difference(gcBefore, gcAfter), difference(otherBefore, otherAfter)
	return out
}

func main() {
	file := flag.String("trace", "", "")
	flag.Parse()
	debug.SetGCPercent(-1) // collections are those asked for
	for i := 0; i < 20000; i++ {
		garbage = append(garbage, new([64]byte))
	}
	for i := 0; i < 4; i++ {
		ping, pong := make(chan int), make(chan int)
		go func() {
			for v := range ping {
				pong <- v
			}
		}()
		go func() {
			for {
				ping <- 1
				<-pong
				time.Sleep(time.Millisecond)
			}
		}()
	}
	fmt.Println(`{"type": "ready"}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		line, err := json.Marshal(window(*file))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
	runtime.KeepAlive(garbage)
}
