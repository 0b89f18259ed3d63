// A program whose goroutines wait in each way that the block and mutex profiles know, at a time, once for each
// line it is told; it writes these profiles itself, of exactly that work. What no profile may hold (sleeps, the
// network) is among it.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

const rounds = 40

func pause(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

func receive(c chan int) {
	for i := 0; i < rounds; i++ {
		<-c
	}
}

func rangeOver(c chan int) {
	n := 0
	for range c {
		n++
	}
}

func send(c chan int) {
	for i := 0; i < rounds; i++ {
		c <- i
	}
}

func choose(a, b chan int) {
	for i := 0; i < rounds; i++ {
		select {
		case <-a:
		case <-b:
		}
	}
}

func channels() {
	var done sync.WaitGroup
	a, b, c, d, e := make(chan int), make(chan int), make(chan int), make(chan int), make(chan int)
	start := func(f func()) {
		done.Add(1)
		go func() { defer done.Done(); f() }()
	}
	start(func() { receive(a) })
	start(func() { rangeOver(b) })
	start(func() { send(c) })
	start(func() { choose(d, e) })
	for i := 0; i < rounds; i++ {
		pause(2)
		a <- i
		b <- i
		<-c
		if i%2 == 0 {
			d <- i
		} else {
			e <- i
		}
	}
	close(b)
	pause(10)
	done.Wait()
}

func contend(lock, unlock func(), held int) {
	var done sync.WaitGroup
	for g := 0; g < 3; g++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for i := 0; i < rounds/4; i++ {
				lock()
				pause(held)
				unlock()
				pause(1)
			}
		}()
	}
	done.Wait()
}

func mutexes() {
	var m sync.Mutex
	contend(m.Lock, m.Unlock, 1)
	var rw sync.RWMutex
	contend(rw.Lock, rw.Unlock, 2)
	var readers sync.WaitGroup
	for g := 0; g < 2; g++ {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for i := 0; i < rounds/4; i++ {
				rw.RLock()
				pause(1)
				rw.RUnlock()
			}
		}()
	}
	for i := 0; i < rounds/4; i++ {
		rw.Lock()
		pause(3)
		rw.Unlock()
	}
	readers.Wait()
}

func conditions() {
	var m sync.Mutex
	cond, ready := sync.NewCond(&m), false
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		for i := 0; i < rounds/4; i++ {
			m.Lock()
			for !ready {
				cond.Wait()
			}
			ready = false
			m.Unlock()
		}
	}()
	for i := 0; i < rounds/4; i++ {
		pause(3)
		m.Lock()
		ready = true
		cond.Signal()
		m.Unlock()
		pause(1)
	}
	done.Wait()
}

func network() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		for i := 0; i < rounds/4; i++ {
			pause(2)
			conn.Write([]byte{1})
		}
		conn.Close()
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	for buffer := make([]byte, 1); ; {
		if _, err := conn.Read(buffer); err != nil {
			break
		}
	}
	conn.Close()
	listener.Close()
}

var forever = make(chan int)

func waitForever() { <-forever }

func write(directory, name string) {
	file, err := os.Create(filepath.Join(directory, name+".pb.gz"))
	if err == nil {
		err = pprof.Lookup(name).WriteTo(file, 0)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		panic(err)
	}
}

func main() {
	directory := os.Args[1]
	for i := 0; i < 5; i++ {
		go waitForever()
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		runtime.SetBlockProfileRate(1)
		runtime.SetMutexProfileFraction(1)
		go waitForever()
		channels()
		mutexes()
		conditions()
		network()
		pause(50)
		runtime.SetBlockProfileRate(0)
		runtime.SetMutexProfileFraction(0)
		write(directory, "block")
		write(directory, "mutex")
		fmt.Println("goroutines", runtime.NumGoroutine())
	}
}
