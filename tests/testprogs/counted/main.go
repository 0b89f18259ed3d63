// Programs that block a lot, and the runtime's own account of it: its block profile counts every wait on a channel
// (rate 1) by stack. What counts of waits that were estimated from phases are held against.
//
//	counted -kind pingpong|pool|http     for each line on stdin prints the accounts since the last one, one of each
//	                                     10 ms: {"ns": CLOCK_MONOTONIC, "waits": {function:line: count so far}}
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

func monotonic() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

//go:noinline
func ping(a, b chan int) {
	for {
		a <- 1
		<-b
	}
}

//go:noinline
func pong(a, b chan int) {
	for {
		<-a
		b <- 1
	}
}

func pingpong() {
	a, b := make(chan int), make(chan int)
	go pong(a, b)
	go ping(a, b)
}

var sink [64]int

//go:noinline
func work(jobs, done chan int, of *int) {
	for n := range jobs {
		for i := 0; i < n; i++ {
			*of += i
		}
		done <- n
	}
}

//go:noinline
func feed(jobs, done chan int) {
	for n := 0; ; n++ {
		jobs <- n % 4000
		select {
		case <-done:
		default:
		}
		for len(done) > cap(done)/2 {
			<-done
		}
	}
}

// Workers that are fed through one channel and answer through another, with work of very different sizes.
func pool() {
	jobs, done := make(chan int), make(chan int, 16)
	for i := 0; i < 4; i++ {
		go work(jobs, done, &sink[i*8])
	}
	go feed(jobs, done)
}

type request struct {
	answer chan string
}

//go:noinline
func answerer(requests chan request) {
	for r := range requests {
		r.answer <- "hello\n"
	}
}

//go:noinline
func handle(requests chan request, w http.ResponseWriter) {
	r := request{make(chan string)}
	requests <- r
	io.WriteString(w, <-r.answer)
}

//go:noinline
func client(url string) {
	for {
		response, err := http.Get(url)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// A server that hands each request over to another goroutine, and its clients.
func server() {
	requests := make(chan request)
	go answerer(requests)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 16
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { handle(requests, w) }))
	for i := 0; i < 4; i++ {
		go client("http://" + listener.Addr().String())
	}
}

type account struct {
	Ns    int64            `json:"ns"`
	Waits map[string]int64 `json:"waits"`
}

// Where in the program, or in a package above the runtime, a stack waits: function:line; "" when nowhere.
func place(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && !strings.HasPrefix(frame.Function, "sync.") {
			return fmt.Sprintf("%s:%d", frame.Function, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

var names = map[[32]uintptr]string{}

func now(records []runtime.BlockProfileRecord) ([]runtime.BlockProfileRecord, account) {
	a := account{0, map[string]int64{}}
	n, ok := runtime.BlockProfile(records)
	for ; !ok; n, ok = runtime.BlockProfile(records) {
		records = make([]runtime.BlockProfileRecord, 2*n+16)
	}
	a.Ns = monotonic()
	for _, r := range records[:n] {
		name, known := names[r.Stack0]
		if !known {
			name = place(r.Stack())
			names[r.Stack0] = name
		}
		if name != "" {
			a.Waits[name] += r.Count
		}
	}
	return records, a
}

// Waits all the time.
func idle(never chan int) {
	<-never
}

func main() {
	kind := flag.String("kind", "pingpong", "pingpong, pool or http")
	flag.Parse()
	runtime.SetBlockProfileRate(1)
	map[string]func(){"pingpong": pingpong, "pool": pool, "http": server}[*kind]()

	go idle(make(chan int))
	var mutex sync.Mutex
	var accounts []account
	go func() {
		var records []runtime.BlockProfileRecord
		for range time.Tick(10 * time.Millisecond) {
			var a account
			records, a = now(records)
			mutex.Lock()
			accounts = append(accounts, a)
			mutex.Unlock()
		}
	}()
	fmt.Println(`{"type":"ready"}`)
	for stdin := bufio.NewScanner(os.Stdin); stdin.Scan(); {
		mutex.Lock()
		told := accounts
		accounts = nil
		mutex.Unlock()
		text, err := json.Marshal(map[string]interface{}{"type": "accounts", "accounts": told})
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
