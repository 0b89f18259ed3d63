// Transitions: what an execution trace says, as golang.org/x/exp/trace reads it, as one JSON object. A trace
// that this reader refuses ends it with the reason.
//
//	transitions TRACE >JSON            every transition of every goroutine
//	transitions -summary TRACE >JSON   how many there are of each kind
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"golang.org/x/exp/trace"
)

type step struct {
	At     int64    `json:"at_ns"` // of the trace's own clock
	From   string   `json:"from"`
	To     string   `json:"to"`
	Reason string   `json:"reason,omitempty"`
	Stack  []string `json:"stack,omitempty"` // leaf first, of the goroutine itself; of a creation its start function
	By     int64    `json:"by,omitempty"`    // goroutine on whose thread it happened, if that is another one
	Of     []string `json:"of,omitempty"`    // and that one's stack
	Thread int64    `json:"thread"`
}

// A kind of range: stop-the-world for a reason, collections.
type ranges struct {
	Begun int   `json:"begun"`
	Ended int   `json:"ended"`
	Ns    int64 `json:"ns"` // of those with both ends
}

type found struct {
	Events     int                `json:"events"`
	Goroutines map[int64][]*step  `json:"goroutines,omitempty"`
	Counts     map[string]int     `json:"counts"` // by "From To Reason"
	Ranges     map[string]*ranges `json:"ranges"` // by name
	Logs       []string           `json:"logs"`   // "category|message|function", in order
	Procs      int                `json:"procs"`
	Threads    int                `json:"threads"`
}

func frames(s trace.Stack) (out []string) {
	for f := range s.Frames() {
		out = append(out, f.Func)
	}
	return out
}

func main() {
	summary := flag.Bool("summary", false, "")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: transitions [-summary] TRACE")
	}
	f, err := os.Open(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	r, err := trace.NewReader(bufio.NewReader(f))
	if err != nil {
		log.Fatal(err)
	}
	out := found{Goroutines: map[int64][]*step{}, Counts: map[string]int{}, Ranges: map[string]*ranges{}}
	began := map[string]trace.Time{}
	procs, threads := map[trace.ProcID]bool{}, map[trace.ThreadID]bool{}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatalf("after %d events: %v", out.Events, err)
		}
		out.Events++
		if ev.Proc() != trace.NoProc {
			procs[ev.Proc()] = true
		}
		if ev.Thread() != trace.NoThread {
			threads[ev.Thread()] = true
		}
		switch ev.Kind() {
		case trace.EventLog:
			function := ""
			if at := frames(ev.Stack()); len(at) > 0 {
				function = at[0]
			}
			out.Logs = append(out.Logs, ev.Log().Category+"|"+ev.Log().Message+"|"+function)
		case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
			name := ev.Range().Name
			if out.Ranges[name] == nil {
				out.Ranges[name] = &ranges{}
			}
			of := out.Ranges[name]
			if ev.Kind() == trace.EventRangeBegin {
				of.Begun++
				began[name] = ev.Time()
			} else if from, known := began[name]; ev.Kind() == trace.EventRangeEnd {
				of.Ended++
				if known {
					of.Ns += int64(ev.Time() - from)
				}
				delete(began, name)
			}
		}
		if ev.Kind() != trace.EventStateTransition {
			continue
		}
		t := ev.StateTransition()
		if t.Resource.Kind != trace.ResourceGoroutine {
			continue
		}
		from, to := t.Goroutine()
		out.Counts[fmt.Sprintf("%v %v %s", from, to, t.Reason)]++
		if *summary {
			continue
		}
		id := int64(t.Resource.Goroutine())
		s := &step{At: int64(ev.Time()), From: from.String(), To: to.String(), Reason: t.Reason, Stack: frames(t.Stack),
			Thread: int64(ev.Thread())}
		if by := int64(ev.Goroutine()); by != id {
			s.By, s.Of = by, frames(ev.Stack())
		}
		out.Goroutines[id] = append(out.Goroutines[id], s)
	}
	out.Procs, out.Threads = len(procs), len(threads)
	w := bufio.NewWriter(os.Stdout)
	if err := json.NewEncoder(w).Encode(out); err != nil {
		log.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
}
