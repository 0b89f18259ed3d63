// Command exported has client_golang's default collectors, and those of runtime/metrics beside them. Commands on stdin,
// an answer a line:
//
//	work     allocates, collects, blocks                                worked
//	gather   its own metrics, as its /metrics would have them: a line of JSON, the text format
//
// Between two commands it is at rest: the main goroutine reads stdin in a system call.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

var sink [][]byte

func work() {
	for round := 0; round < 20; round++ {
		sink = sink[:0]
		var mutex sync.Mutex
		var done sync.WaitGroup
		for i := 0; i < 50; i++ {
			done.Add(1)
			go func() {
				defer done.Done()
				mutex.Lock()
				sink = append(sink, make([]byte, 1000+round))
				mutex.Unlock()
			}()
		}
		done.Wait()
		runtime.GC()
	}
}

func gather(registry *prometheus.Registry) string {
	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			panic(err)
		}
	}
	return out.String()
}

func main() {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler,
			collectors.MetricsGC)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case "work":
			work()
			fmt.Println("worked")
		case "gather":
			text, _ := json.Marshal(gather(registry))
			fmt.Println(string(text))
		}
	}
}
