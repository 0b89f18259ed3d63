// Command metrics works when told to and says what runtime/metrics says of it. Commands on stdin, an answer a line:
//
//	work        does some of everything that is counted                       worked
//	spin N      N more goroutines that never stop                             spinning
//	syscalls N  N more goroutines blocked in a system call                    blocked
//	procs N     runtime.GOMAXPROCS(N)                                         set
//	sample      metrics.Read of every metric, kept; allocates nothing         sampled
//	print       the kept sample, as JSON
//	churn       allocates, creates goroutines and contends until the end      churning
//
// Between two commands it is at rest: the main goroutine reads stdin in a system call.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"syscall"
	"time"
)

var (
	samples []metrics.Sample
	kinds   = map[string]metrics.Description{}

	sink  [][]byte
	words []*int
)

func main() {
	for _, d := range metrics.All() {
		samples = append(samples, metrics.Sample{Name: d.Name})
		kinds[d.Name] = d
	}
	metrics.Read(samples) // allocates the histograms, which later reads use again

	worked, spinning, blocked := []byte("worked\n"), []byte("spinning\n"), []byte("blocked\n")
	set, sampled, churning := []byte("set\n"), []byte("sampled\n"), []byte("churning\n")
	var line [64]byte
	for {
		n, err := os.Stdin.Read(line[:])
		if n == 0 || err != nil {
			return
		}
		command, number := line[:n-1], 0
		for i, c := range command {
			if c == ' ' {
				for _, digit := range command[i+1:] {
					number = number*10 + int(digit-'0')
				}
				command = command[:i]
				break
			}
		}
		switch string(command) {
		case "work":
			work()
			os.Stdout.Write(worked)
		case "spin":
			for i := 0; i < number; i++ {
				go func() {
					for {
					}
				}()
			}
			os.Stdout.Write(spinning)
		case "syscalls":
			for i := 0; i < number; i++ {
				var pipe [2]int
				if err := syscall.Pipe(pipe[:]); err != nil {
					panic(err)
				}
				go func() { syscall.Read(pipe[0], make([]byte, 1)) }()
			}
			os.Stdout.Write(blocked)
		case "procs":
			runtime.GOMAXPROCS(number)
			os.Stdout.Write(set)
		case "sample":
			metrics.Read(samples)
			os.Stdout.Write(sampled)
		case "print":
			print(samples)
		case "churn":
			for i := 0; i < 2; i++ {
				go func() {
					for {
						create(100)
						contend()
						allocate()
					}
				}()
			}
			os.Stdout.Write(churning)
		default:
			panic(fmt.Sprintf("no command %q", command))
		}
	}
}

func work() {
	create(1000)
	contend()
	allocate()
	runtime.GC()
	finalize()
	callC(100)
	sink, words = nil, nil
	runtime.GC()
	debug.FreeOSMemory()
	runtime.ReadMemStats(new(runtime.MemStats)) // stops the world for something else than a collection
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(procs + 3)
	create(100)
	runtime.GOMAXPROCS(procs)
	create(100)
	allocate()
}

func create(n int) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go wg.Done()
	}
	wg.Wait()
}

func contend() {
	var mutex sync.Mutex
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 20; j++ {
				mutex.Lock()
				time.Sleep(10 * time.Microsecond)
				mutex.Unlock()
			}
		}()
	}
	wg.Wait()
}

// allocate makes objects of every kind of size class, tiny and large ones too, until a collection has started by itself.
func allocate() {
	var before, now debug.GCStats
	debug.ReadGCStats(&before)
	for round := 0; round < 1000; round++ {
		for size := 1; size <= 1<<20; size = size*3/2 + 1 {
			object := make([]byte, size)
			if round%8 == 0 && len(sink) < 500 {
				sink = append(sink, object)
			}
		}
		word := round
		words = append(words[:round%100], &word)
		if round%10 == 9 {
			if debug.ReadGCStats(&now); now.NumGC > before.NumGC {
				return
			}
		}
	}
}

func finalize() {
	const n = 50
	var done sync.WaitGroup
	done.Add(n)
	for i := 0; i < n; i++ {
		object := new([64]int)
		runtime.SetFinalizer(object, func(*[64]int) { done.Done() })
	}
	runtime.GC()
	done.Wait()
	cleanup(n)
}

type histogram struct {
	Buckets []any    `json:"buckets"`
	Counts  []uint64 `json:"counts"`
}

type metric struct {
	Kind       string `json:"kind"`
	Cumulative bool   `json:"cumulative"`
	Value      any    `json:"value"`
}

func print(samples []metrics.Sample) {
	out := map[string]metric{}
	for _, s := range samples {
		m := metric{Cumulative: kinds[s.Name].Cumulative}
		switch s.Value.Kind() {
		case metrics.KindUint64:
			m.Kind, m.Value = "uint64", s.Value.Uint64()
		case metrics.KindFloat64:
			m.Kind, m.Value = "float64", s.Value.Float64()
		case metrics.KindFloat64Histogram:
			h := s.Value.Float64Histogram()
			value := histogram{Counts: h.Counts}
			for _, b := range h.Buckets {
				switch {
				case math.IsInf(b, -1):
					value.Buckets = append(value.Buckets, "-Inf")
				case math.IsInf(b, 1):
					value.Buckets = append(value.Buckets, "+Inf")
				default:
					value.Buckets = append(value.Buckets, b)
				}
			}
			m.Kind, m.Value = "float64_histogram", value
		}
		out[s.Name] = m
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(text, '\n'))
}
