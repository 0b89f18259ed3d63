// Truth: a Go program that does exactly known things and says what it did, for a tracer to be held against.
//
//	truth -scenario NAME[,NAME...]|all [-n ROUNDS] [-k GOROUTINES] [-for DURATION] [-trace FILE]
//
// Protocol, one JSON object per line on stdout: "ready" at the start; then a command per line on stdin:
// "go" runs the scenarios and answers "done" with what was done, "hold" parks a known set of goroutines and
// answers "hold" with runtime.Stack of all, "count" answers "count", "fork" (cgo only) makes a copy of the process that
// does nothing and answers "fork" with its PID, "exec" starts over in the same process, "quit" ends it. After "hold"
// there is no "go".
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"log"
	"os"
	"runtime"
	"runtime/trace"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

var (
	rounds    = flag.Int("n", 3, "rounds per scenario")
	width     = flag.Int("k", 8, "goroutines per round")
	runFor    = flag.Duration("for", time.Second, "length of churn, pingpong and sleepers")
	traceFile = flag.String("trace", "", "record runtime/trace of each `go` into this file")
)

// wait is what is known of the waits with one reason in one function. A wait lasted at least from the moment
// all of its round were seen parked to the release, at most from before the call to after it.
type wait struct {
	Function   string `json:"function"`
	Reason     string `json:"reason"`
	Waker      string `json:"waker"` // function that ended each of them; "" when that is the runtime
	Count      int    `json:"count"`
	MinTotalNs int64  `json:"min_total_ns"`
	MaxTotalNs int64  `json:"max_total_ns"`
	LongestNs  int64  `json:"longest_ns"` // the longest may not be longer than this
}

type result struct {
	Type       string         `json:"type"`
	Scenario   string         `json:"scenario"`
	BeginNs    int64          `json:"begin_ns"` // CLOCK_MONOTONIC
	EndNs      int64          `json:"end_ns"`
	Before     int            `json:"before"` // runtime.NumGoroutine
	After      int            `json:"after"`
	Created    map[string]int `json:"created"` // by creating or start function; all, nothing else was created by us
	Exited     map[string]int `json:"exited"`
	Waits      []*wait        `json:"waits"`
	Syscalls   int            `json:"syscalls"` // blocking system calls known of, a lower bound of all
	Metric     *uint64        `json:"metric_created"`
	Rates      []int64        `json:"rates"`
	MaxLive    int            `json:"max_live"`
	NotBlocked []string       `json:"not_blocked"` // functions that never parked
	TimesLate  int            `json:"times_late"`
}

var forkChild func() int64 // set where there is C to do it

func monotonic() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

func say(v interface{}) {
	b, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(append(b, '\n'))
}

func allStacks() string {
	for n := 1 << 16; ; n *= 2 {
		b := make([]byte, n)
		if used := runtime.Stack(b, true); used < n {
			return string(b[:used])
		}
	}
}

// parkedIn counts, by wait reason, the goroutines that stand in function now.
func parkedIn(function string) map[string]int {
	found := map[string]int{}
	for _, g := range strings.Split(allStacks(), "\n\n") {
		if !strings.Contains(g, "\n"+function+"(") {
			continue
		}
		state := g[strings.Index(g, "[")+1 : strings.Index(g, "]:")]
		if cut := strings.Index(state, ","); cut >= 0 {
			state = state[:cut]
		}
		state = strings.TrimSuffix(state, " (scan)")
		// A read that is still in its system call will park or return: only holdSyscall stays there.
		if state != "running" && state != "runnable" && (state != "syscall" || function == "main.holdSyscall") {
			found[state]++
		}
	}
	return found
}

func awaitParked(function string, n int) map[string]int {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Microsecond) {
		found, sum := parkedIn(function), 0
		for _, k := range found {
			sum += k
		}
		if sum == n {
			return found
		}
	}
	log.Fatalf("truth: never saw %d goroutines parked in %s, but %v\n%s", n, function, parkedIn(function), allStacks())
	return nil
}

// awaitCount waits until only n goroutines are left: an exit is counted when goexit0 has run, which is later
// than anything a goroutine can say of itself.
func awaitCount(n int) {
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() != n; time.Sleep(200 * time.Microsecond) {
		if time.Now().After(end) {
			log.Fatalf("truth: %d goroutines instead of %d\n%s", runtime.NumGoroutine(), n, allStacks())
		}
	}
}

// A go statement with arguments starts a wrapper that the compiler makes: the function that has the statement
// is the better name. What is named by its start function is created by the runtime or without arguments.
func (r *result) spawned(function string, n int) { r.Created[function] += n; r.Exited[function] += n }

func (r *result) wait(function, reason string) *wait {
	for _, w := range r.Waits {
		if w.Function == function && w.Reason == reason {
			return w
		}
	}
	w := &wait{Function: function, Reason: reason}
	r.Waits = append(r.Waits, w)
	return w
}

func run(names []string) {
	r := &result{Type: "done", Scenario: strings.Join(names, ","), Created: map[string]int{}, Exited: map[string]int{},
		NotBlocked: []string{}, Waits: []*wait{}}
	r.Before = runtime.NumGoroutine()
	metricBefore, haveMetric := metricCreated()
	if *traceFile != "" {
		f, err := os.Create(*traceFile)
		if err == nil {
			err = trace.Start(f)
		}
		if err != nil {
			log.Fatal(err)
		}
		defer f.Close()
		defer trace.Stop()
	}
	r.BeginNs = monotonic()
	for _, name := range names {
		scenarios[name](r)
	}
	if *traceFile == "" {
		awaitCount(r.Before + sum(r.Created) - sum(r.Exited))
	} else {
		time.Sleep(20 * time.Millisecond)
	}
	r.EndNs = monotonic()
	r.After = runtime.NumGoroutine()
	if after, ok := metricCreated(); ok && haveMetric {
		grown := after - metricBefore
		r.Metric = &grown
	}
	if *traceFile != "" {
		trace.Stop()
	}
	say(r)
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return
}

func main() {
	scenario := flag.String("scenario", "all", "what `go` does, see scenarios.go")
	flag.Parse()
	var names []string
	for _, name := range strings.Split(*scenario, ",") {
		if name == "all" {
			names = append(names, everything()...)
		} else if scenarios[name] != nil {
			names = append(names, name)
		} else {
			log.Fatalf("truth: no scenario %q", name)
		}
	}
	say(map[string]interface{}{"type": "ready", "pid": os.Getpid(), "go": runtime.Version(), "goroutines": runtime.NumGoroutine()})
	holding := false
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "go":
			if holding { // rounds would count the held ones as theirs
				log.Fatal("truth: no go after hold")
			}
			run(names)
		case "hold":
			hold()
			holding = true
		case "count":
			say(map[string]interface{}{"type": "count", "goroutines": runtime.NumGoroutine(), "at_ns": monotonic()})
		case "fork":
			say(map[string]interface{}{"type": "fork", "child": forkChild()})
		case "exec":
			self, err := os.Executable()
			if err == nil {
				err = syscall.Exec(self, os.Args, os.Environ())
			}
			log.Fatal(err)
		case "quit":
			return
		default:
			log.Fatalf("truth: unknown command %q", in.Text())
		}
	}
}
