// Demo: a small order service with the habits of real ones, under a bounded load of its own on loopback.
// The load generator is a second process (this binary with -load), so a report on the server shows the server.
//
//	demo -duration 60s [-rate 300]      prints its pid and address, ends by itself
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func main() {
	duration := flag.Duration("duration", 10*time.Minute, "end after this long")
	rate := flag.Int("rate", 300, "requests per second of the load generator, at most 2000")
	load := flag.String("load", "", "be the load generator for the server at this host:port")
	flag.Parse()
	if *rate < 1 || *rate > 2000 {
		log.Fatal("demo: -rate must be 1 to 2000")
	}
	if *load != "" {
		go func() { // the server's end of this pipe closes when the server ends, however it ends
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		generate(*load, *rate, *duration)
		return
	}
	serve(*duration, *rate)
}

func listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l
}

func serve(duration time.Duration, rate int) {
	downstream := startDownstream()
	shop := newShop(downstream)
	mux := http.NewServeMux()
	mux.HandleFunc("/order", shop.order)
	mux.HandleFunc("/report", shop.report)
	mux.HandleFunc("/stock", shop.stockLevel)
	mux.HandleFunc("/watch", shop.watch)
	l := listen()
	go http.Serve(l, mux)

	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	child := exec.Command(self, "-load", l.Addr().String(), "-rate", strconv.Itoa(rate), "-duration", duration.String())
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	pipe, err := child.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("demo: pid %d at %s, %d requests/s for %s\n", os.Getpid(), l.Addr(), rate, duration)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	select {
	case <-stop:
	case <-time.After(duration):
	}
	pipe.Close()
	child.Wait()
	fmt.Printf("demo: %d orders, %d timed out, %d watchers leaked\n", shop.orders.load(), shop.timeouts.load(), shop.leaked.load())
}

// startDownstream is the slow service everything waits for: a line in, 5 to 25 ms later a line out.
func startDownstream() string {
	l := listen()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go downstreamConn(conn)
		}
	}()
	return l.Addr().String()
}

func downstreamConn(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for n := 0; lines.Scan(); n++ {
		time.Sleep(time.Duration(5+n%5*5) * time.Millisecond)
		if _, err := fmt.Fprintln(conn, "ok"); err != nil {
			return
		}
	}
}

// generate sends rate requests per second from 16 clients until duration is over.
func generate(address string, rate int, duration time.Duration) {
	paths := []string{"/order", "/order", "/order", "/stock", "/stock", "/report", "/order", "/stock", "/order", "/watch"}
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	requests := make(chan string)
	var clients sync.WaitGroup
	for i := 0; i < 16; i++ {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for path := range requests {
				response, err := client.Get("http://" + address + path)
				if err != nil {
					continue
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
	}
	tick := time.NewTicker(time.Second / time.Duration(rate))
	end := time.Now().Add(duration)
	for n := 0; time.Now().Before(end); n++ {
		<-tick.C
		select {
		case requests <- paths[n%len(paths)]:
		default: // all clients wait for answers: do not queue up
		}
	}
	close(requests)
	clients.Wait()
}
