// An HTTP client that leaks its connections: it closes no body. net/http makes the goroutines of each connection in a
// goroutine of its own, which is gone then. Prints "ready", then obeys lines on stdin, each answered in JSON:
//
//	leak N   main.leakyClient leaks N connections
//	other N  so does main.otherClient, in a goroutine of its own, which stays
//	stack    runtime.Stack of all goroutines
//
// Labels: {client: leaky} on goroutine 1 and on whom it makes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
)

// Answers each request on each connection, and keeps it.
func serve(connections net.Listener) {
	for {
		connection, err := connections.Accept()
		if err != nil {
			panic(err)
		}
		go answer(connection)
	}
}

func answer(connection net.Conn) {
	in := bufio.NewReader(connection)
	for {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		// More than a client reads ahead of who asked.
		fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%064d", 0)
	}
}

func must(_ *http.Response, err error) {
	if err != nil {
		panic(err)
	}
}

//go:noinline
func leakyClient(url string, n int) {
	for i := 0; i < n; i++ {
		must(http.Get(url))
	}
}

//go:noinline
func otherClient(url string, n int, done chan<- struct{}) {
	for i := 0; i < n; i++ {
		must(http.Get(url))
	}
	done <- struct{}{}
	select {}
}

func main() {
	connections, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(connections)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("client", "leaky")))
	url := "http://" + connections.Addr().String() + "/"
	out := json.NewEncoder(os.Stdout)
	fmt.Println(`{"type":"ready"}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var what string
		var n int
		fmt.Sscan(in.Text(), &what, &n)
		message := map[string]interface{}{"type": what}
		switch what {
		case "leak":
			leakyClient(url, n)
		case "other":
			done := make(chan struct{})
			go otherClient(url, n, done)
			<-done
		case "stack":
			buf := make([]byte, 16<<20)
			message["text"] = string(buf[:runtime.Stack(buf, true)])
		}
		out.Encode(message)
	}
}
