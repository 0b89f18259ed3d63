// Oracle: what runtime/trace recorded, as one JSON object: the runtime's own view of what a tracer from
// outside should have seen.
//
//	oracle TRACE >JSON
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
	"strings"

	"golang.org/x/exp/trace"
)

// block is one stay in the waiting state. Times are nanoseconds of the trace's own clock.
type block struct {
	Reason string `json:"reason"` // as the trace names it: coarser than g.waitreason
	Start  int64  `json:"start_ns"`
	End    int64  `json:"end_ns"` // 0: it did not end in the trace
	Top    string `json:"top"`    // first frame of the stack it blocked in
	User   string `json:"user"`   // first frame of package main
	Waker  string `json:"waker"`  // the same of the goroutine that ended it, "" when none did
}

type goroutine struct {
	Start   string   `json:"start"` // outermost function of its first known stack, "" when never seen
	Created int64    `json:"created_ns,omitempty"`
	Exited  int64    `json:"exited_ns,omitempty"`
	Blocks  []*block `json:"blocks"` // in time order; the first may have begun before the trace
	open    *block
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: oracle TRACE")
	}
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	r, err := trace.NewReader(bufio.NewReader(f))
	if err != nil {
		log.Fatal(err)
	}
	all := map[trace.GoID]*goroutine{}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		if ev.Kind() != trace.EventStateTransition {
			continue
		}
		if t := ev.StateTransition(); t.Resource.Kind == trace.ResourceGoroutine {
			id := t.Resource.Goroutine()
			if all[id] == nil {
				all[id] = &goroutine{Blocks: []*block{}}
			}
			all[id].apply(ev, t)
		}
	}
	out := bufio.NewWriter(os.Stdout)
	if err := json.NewEncoder(out).Encode(map[string]any{"goroutines": all}); err != nil {
		log.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func user(s trace.Stack) string {
	for f := range s.Frames() {
		if strings.HasPrefix(f.Func, "main.") {
			return f.Func
		}
	}
	return ""
}

func (g *goroutine) apply(ev trace.Event, t trace.StateTransition) {
	at := ev.Time()
	from, to := t.Goroutine()
	switch {
	case from == trace.GoNotExist && to != trace.GoNotExist:
		g.Created = int64(at)
		for f := range t.Stack.Frames() {
			g.Start = f.Func // the creating event carries the start function's frame
		}
	case from == trace.GoUndetermined && to == trace.GoWaiting:
		// Waiting since before the trace: its end is seen, its start is not, so it is no block to match.
		return
	}
	if from == trace.GoWaiting && g.open != nil && to != trace.GoWaiting {
		g.open.End = int64(at)
		if ev.Goroutine() != trace.NoGoroutine {
			g.open.Waker = user(ev.Stack())
		}
		g.open = nil
	}
	if to == trace.GoWaiting && from != trace.GoWaiting {
		g.open = &block{Reason: t.Reason, Start: int64(at), User: user(t.Stack)}
		for f := range t.Stack.Frames() {
			g.open.Top = f.Func
			break
		}
		g.Blocks = append(g.Blocks, g.open)
	}
	if to == trace.GoNotExist {
		g.Exited = int64(at)
	}
}
