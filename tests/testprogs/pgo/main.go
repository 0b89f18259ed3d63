// Makes a CPU profile in which the scheduler is hot: a program built with it (-pgo, Go 1.21) has the runtime's own
// functions inlined into one another where probes would look for them. Arguments: the profile's file, seconds.
package main

import (
	"log"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

func handOver() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for v := range ping {
			pong <- v
		}
	}()
	for {
		ping <- 1
		<-pong
	}
}

func spawn() {
	for {
		var all sync.WaitGroup
		for i := 0; i < 64; i++ {
			all.Add(1)
			go all.Done()
		}
		all.Wait()
	}
}

func contend(mutex *sync.Mutex) {
	for {
		mutex.Lock()
		runtime.Gosched()
		mutex.Unlock()
	}
}

// Many pipes become ready at once: the poller hands their readers over as a list (runtime.injectglist).
func throughPoller() {
	var writers []*os.File
	for i := 0; i < 32; i++ {
		r, w, err := os.Pipe()
		if err != nil {
			log.Fatal(err)
		}
		writers = append(writers, w)
		go func() {
			for b := make([]byte, 1); ; {
				r.Read(b)
			}
		}()
	}
	for b := make([]byte, 1); ; {
		for _, w := range writers {
			w.Write(b)
		}
		runtime.Gosched()
	}
}

func main() {
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	runtime.SetCPUProfileRate(1000) // StartCPUProfile complains that it cannot set its own, and goes on with this one
	file, err := os.Create(os.Args[1])
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		log.Fatal(err)
	}
	var mutex sync.Mutex
	for i := 0; i < 2; i++ {
		go handOver()
		go spawn()
		go contend(&mutex)
		go throughPoller()
	}
	time.Sleep(time.Duration(seconds) * time.Second)
	pprof.StopCPUProfile()
}
