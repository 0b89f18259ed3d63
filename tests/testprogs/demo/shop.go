package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

type counter struct{ n int64 }

func (c *counter) add()        { atomic.AddInt64(&c.n, 1) }
func (c *counter) load() int64 { return atomic.LoadInt64(&c.n) }

type job struct {
	item  int
	reply chan string
}

type shop struct {
	jobs  chan job // served by too few workers, on purpose
	pool  chan *client
	stock struct {
		sync.Mutex
		level map[int]int
	}
	prices struct {
		sync.RWMutex
		list map[int]int
	}
	orders, timeouts, leaked counter
}

// client is one connection to the downstream service.
type client struct {
	conn  net.Conn
	lines *bufio.Reader
}

func newShop(downstream string) *shop {
	s := &shop{jobs: make(chan job, 8), pool: make(chan *client, 6)}
	s.stock.level = map[int]int{}
	s.prices.list = map[int]int{}
	for i := 0; i < cap(s.pool); i++ {
		conn, err := net.Dial("tcp", downstream)
		if err != nil {
			panic(err)
		}
		s.pool <- &client{conn, bufio.NewReader(conn)}
	}
	for i := 0; i < 3; i++ {
		go s.worker()
	}
	go s.repriceEvery(100 * time.Millisecond)
	go s.auditEvery(250 * time.Millisecond)
	return s
}

// ask borrows a connection: with more callers than connections they queue on the pool's channel.
func (s *shop) ask(question string) string {
	c := <-s.pool
	defer func() { s.pool <- c }()
	fmt.Fprintln(c.conn, question)
	answer, err := c.lines.ReadString('\n')
	if err != nil {
		return "downstream: " + err.Error()
	}
	return answer
}

func (s *shop) worker() {
	for j := range s.jobs {
		s.take(j.item)
		time.Sleep(8 * time.Millisecond) // packing
		select {
		case j.reply <- "packed":
		default: // the customer has gone
		}
	}
}

// take holds the stock's mutex for longer than it should.
func (s *shop) take(item int) {
	s.stock.Lock()
	defer s.stock.Unlock()
	s.stock.level[item%100]--
	for end := time.Now().Add(300 * time.Microsecond); time.Now().Before(end); {
	}
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	s.orders.add()
	j := job{int(s.orders.load()), make(chan string, 1)}
	timeout := time.NewTimer(60 * time.Millisecond)
	defer timeout.Stop()
	select {
	case s.jobs <- j:
	case <-timeout.C:
		s.timeouts.add()
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	select {
	case answer := <-j.reply:
		fmt.Fprintln(w, answer, s.price(j.item))
	case <-timeout.C:
		s.timeouts.add()
		http.Error(w, "slow", http.StatusGatewayTimeout)
	}
}

func (s *shop) price(item int) int {
	s.prices.RLock()
	defer s.prices.RUnlock()
	return s.prices.list[item%100]
}

// report fans out: one goroutine per part, each asking the slow downstream service.
func (s *shop) report(w http.ResponseWriter, r *http.Request) {
	answers := make([]string, 5)
	var parts sync.WaitGroup
	for i := range answers {
		parts.Add(1)
		go func(i int) {
			defer parts.Done()
			answers[i] = s.ask(fmt.Sprint("part ", i))
		}(i)
	}
	parts.Wait()
	fmt.Fprint(w, answers)
}

func (s *shop) stockLevel(w http.ResponseWriter, r *http.Request) {
	s.take(0)
	s.stock.Lock()
	level := s.stock.level[0]
	s.stock.Unlock()
	fmt.Fprintln(w, level)
}

// watch leaks: the watcher waits for an event on a channel that nobody keeps.
func (s *shop) watch(w http.ResponseWriter, r *http.Request) {
	events := make(chan string)
	if s.leaked.load() < 500 {
		s.leaked.add()
		go s.watcher(events)
	}
	fmt.Fprintln(w, "watching")
}

func (s *shop) watcher(events chan string) {
	for e := range events {
		fmt.Println(e)
	}
}

func (s *shop) repriceEvery(period time.Duration) {
	for range time.Tick(period) {
		s.prices.Lock()
		for i := 0; i < 100; i++ {
			s.prices.list[i]++
		}
		time.Sleep(2 * time.Millisecond) // "reading them from a file"
		s.prices.Unlock()
	}
}

func (s *shop) auditEvery(period time.Duration) {
	for {
		time.Sleep(period)
		s.ask("audit")
	}
}
