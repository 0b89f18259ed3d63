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
	"runtime/trace"
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

func serve(ops *uint64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, "http://"+listener.Addr().String()+"/")
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atomic.AddUint64(ops, 1)
		io.WriteString(w, "hello, world\n")
	})))
}

func load(url string, clients int, ops *uint64) {
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
	mode := flag.String("mode", "pingpong", "pingpong, serve, load or parked")
	depth := flag.Int("depth", 0, "pingpong: frames more on the stack")
	url := flag.String("url", "", "load: where to")
	n := flag.Int("n", 8, "load: clients; parked: goroutines")
	file := flag.String("trace", "", "record runtime/trace to this file")
	lifetime := flag.Duration("lifetime", 5*time.Minute, "end by itself after this long")
	flag.Parse()
	time.AfterFunc(*lifetime, func() { os.Exit(0) })
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
	case "serve":
		serve(&ops)
	case "load":
		load(*url, *n, &ops)
	case "parked":
		parked(*n)
	}
}
