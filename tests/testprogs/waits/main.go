// One goroutine for each thing a goroutine can wait on, at rest, and what each waits on as the process itself knows it:
// one line of JSON, a list of objects with goid, kind and the fields of that kind (addresses as numbers). Then it
// waits until its stdin closes.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type fact map[string]interface{}

var (
	mu      sync.Mutex
	facts   []fact
	started sync.WaitGroup
	// Everything waited on stays reachable: the collector closes files and wakes nobody it should not.
	keep []interface{}
)

func goid() (id int) {
	buf := make([]byte, 64)
	fmt.Sscanf(string(buf[:runtime.Stack(buf, false)]), "goroutine %d ", &id)
	return id
}

// park runs f in a goroutine of which it notes what it waits on; f must not return.
func park(kind string, fields fact, f func()) {
	started.Add(1)
	go func() {
		fields["kind"], fields["goid"] = kind, goid()
		mu.Lock()
		facts = append(facts, fields)
		mu.Unlock()
		started.Done()
		f()
	}()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// monotonic is the clock of the runtime's nanotime.
func monotonic() int64 {
	var t syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		panic(e)
	}
	return t.Nano()
}

func address(c chan int) uintptr { return *(*uintptr)(unsafe.Pointer(&c)) }

func channel(c chan int, receivers, senders int) fact {
	keep = append(keep, c)
	return fact{"channel": address(c), "length": len(c), "capacity": cap(c), "receivers": receivers, "senders": senders}
}

func channels() {
	empty, full := make(chan int), make(chan int, 3)
	for len(full) < cap(full) {
		full <- 1
	}
	var none chan int
	shared, alone := make(chan int, 1), make(chan int)
	park("receive", channel(empty, 3, 0), func() { <-empty })
	park("receive", channel(empty, 3, 0), func() { <-empty })
	park("send", channel(full, 0, 2), func() { full <- 2 })
	park("receive", channel(shared, 2, 0), func() {
		for range shared {
		}
	})
	park("nil receive", fact{}, func() { <-none })
	park("nil send", fact{}, func() { none <- 1 })
	park("select", fact{"cases": []fact{
		channel(empty, 3, 0), channel(full, 0, 2), channel(shared, 2, 0), channel(alone, 0, 1),
	}, "directions": []string{"receive", "send", "receive", "send"}}, func() {
		select {
		case <-empty:
		case full <- 3:
		case <-shared:
		case alone <- 1:
		case <-none:
		}
	})
	park("no cases", fact{}, func() { select {} })

	from := monotonic() + int64(time.Hour)
	timer, ticker := time.NewTimer(time.Hour), time.NewTicker(time.Hour)
	keep = append(keep, timer, ticker)
	park("timer", fact{"from": from, "period": 0,
		"channel": *(*uintptr)(unsafe.Pointer(&timer.C))}, func() { <-timer.C })
	park("timer", fact{"from": from, "period": int64(time.Hour),
		"channel": *(*uintptr)(unsafe.Pointer(&ticker.C))}, func() { <-ticker.C })

	// Nothing comes of these any more.
	fired, stopped := time.NewTimer(time.Nanosecond), time.NewTicker(time.Hour)
	keep = append(keep, fired, stopped)
	<-fired.C
	stopped.Stop()
	park("timer", fact{"period": 0, "channel": *(*uintptr)(unsafe.Pointer(&fired.C))}, func() { <-fired.C })
	park("timer", fact{"period": int64(time.Hour), "channel": *(*uintptr)(unsafe.Pointer(&stopped.C))},
		func() { <-stopped.C })
}

//go:noinline
func hold(l sync.Locker, locked func()) {
	l.Lock()
	defer l.Unlock()
	locked()
	select {}
}

// holder returns the goid of the goroutine that holds l.
func holder(l sync.Locker) int {
	got := make(chan int)
	go hold(l, func() { got <- goid() })
	return <-got
}

type account struct {
	mu      sync.Mutex
	balance int
}

// Holds it, and says so by what is deferred.
//
//go:noinline
func (a *account) audit(holder chan int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	holder <- goid()
	select {}
}

// Has the address, and holds nothing.
//
//go:noinline
func own(a *account, started chan int, never chan *account) {
	started <- goid()
	never <- a
	a.balance++
}

var nested = new(sync.Mutex)

//go:noinline
func lockNested() { nested.Lock() }

func locks() {
	m, readLocked, writeLocked := new(sync.Mutex), new(sync.RWMutex), new(sync.RWMutex)
	group, cond := new(sync.WaitGroup), sync.NewCond(new(sync.Mutex))
	keep = append(keep, m, readLocked, writeLocked, group, cond)

	by := holder(m)
	for i := 0; i < 3; i++ {
		park("mutex", fact{"object": uintptr(unsafe.Pointer(m)), "waiters": 3, "holder": by, "locked": true}, m.Lock)
	}
	a, told, never := new(account), make(chan int), make(chan *account)
	keep = append(keep, a)
	go own(a, told, never)
	owner := <-told
	go a.audit(told)
	by = <-told
	for i := 0; i < 2; i++ {
		park("mutex", fact{"object": uintptr(unsafe.Pointer(&a.mu)), "waiters": 2, "holder": by, "owner": owner,
			"locked": true}, a.mu.Lock)
	}
	once := new(sync.Once)
	keep = append(keep, once)
	running := make(chan int)
	go once.Do(func() {
		running <- goid()
		select {}
	})
	by = <-running
	for i := 0; i < 2; i++ {
		park("once", fact{"object": uintptr(unsafe.Pointer(once)), "waiters": 2, "holder": by, "locked": true},
			func() { once.Do(func() {}) })
	}
	inner := new(sync.Mutex)
	keep = append(keep, inner)
	// The function of a Once waits, not the Once.
	park("mutex", fact{"object": uintptr(unsafe.Pointer(inner)), "waiters": 1, "holder": holder(inner), "locked": true},
		func() { new(sync.Once).Do(inner.Lock) })
	park("mutex", fact{"object": uintptr(unsafe.Pointer(nested)), "waiters": 1, "holder": holder(nested), "locked": true},
		func() { new(sync.Once).Do(lockNested) })
	by = holder(writeLocked)
	for i := 0; i < 2; i++ {
		park("read lock", fact{"object": uintptr(unsafe.Pointer(writeLocked)), "waiters": 2, "holder": by,
			"readers": 2, "departing": 0, "pending": true, "held": "by a writer"}, writeLocked.RLock)
	}
	by = holder(readLocked.RLocker())
	park("write lock", fact{"object": uintptr(unsafe.Pointer(readLocked)), "waiters": 1, "holder": by,
		"readers": 1, "departing": 1, "pending": true, "held": "by readers"}, readLocked.Lock)
	started.Wait()
	for !pending(readLocked) {
		time.Sleep(time.Millisecond)
	}
	// The writer that is already there holds the mutex that keeps this one out.
	park("write lock", fact{"object": uintptr(unsafe.Pointer(readLocked)), "waiters": 1, "holder": by,
		"readers": 1, "departing": 1, "pending": true, "held": "by readers"}, readLocked.Lock)

	group.Add(5)
	for i := 0; i < 2; i++ {
		park("wait group", fact{"object": uintptr(unsafe.Pointer(group)), "waiters": 2, "counter": 5}, group.Wait)
	}
	for i := 0; i < 3; i++ {
		park("cond", fact{"object": uintptr(unsafe.Pointer(cond)), "waiters": 3}, func() {
			cond.L.Lock()
			cond.Wait()
		})
	}
}

func pending(l *sync.RWMutex) bool {
	if l.TryRLock() {
		l.RUnlock()
		return false
	}
	return true
}

func sleeps() {
	park("sleep", fact{"from": monotonic() + int64(time.Hour)}, func() { time.Sleep(time.Hour) })
}

func fdOf(c syscall.Conn) (n int) {
	raw, err := c.SyscallConn()
	check(err)
	check(raw.Control(func(fd uintptr) { n = int(fd) }))
	return n
}

func inputOutput(dir string) {
	pr, pw, err := os.Pipe()
	check(err)
	fr, fw, err := os.Pipe()
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	there, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	here, err := listener.Accept()
	check(err)
	path := dir + "/gorotrace waits"
	local, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	check(err)
	udp, err := net.ListenPacket("udp", "[::1]:0")
	if err != nil { // a machine without IPv6
		udp, err = net.ListenPacket("udp", "127.0.0.1:0")
		check(err)
	}
	keep = append(keep, pr, pw, fr, fw, listener, there, here, local, udp)

	park("io", fact{"fd": fdOf(pr), "direction": "read", "file": "pipe"}, func() { pr.Read(make([]byte, 1)) })
	park("io", fact{"fd": fdOf(fw), "direction": "write", "file": "pipe"}, func() { fw.Write(make([]byte, 1<<20)) })
	park("io", fact{"fd": fdOf(listener.(*net.TCPListener)), "direction": "read", "file": "socket", "protocol": "tcp",
		"local": listener.Addr().String(), "peer": "", "state": "LISTEN"}, func() { listener.Accept() })
	from := monotonic() + int64(time.Hour)
	check(here.SetReadDeadline(time.Now().Add(time.Hour)))
	park("io", fact{"fd": fdOf(here.(*net.TCPConn)), "direction": "read", "file": "socket", "protocol": "tcp",
		"local": here.LocalAddr().String(), "peer": here.RemoteAddr().String(), "state": "ESTABLISHED",
		"from": from}, func() { here.Read(make([]byte, 1)) })
	park("io", fact{"fd": fdOf(local), "direction": "read", "file": "socket", "protocol": "unix", "local": path,
		"peer": "", "state": "LISTEN"}, func() { local.Accept() })
	protocol := "udp6"
	if udp.LocalAddr().(*net.UDPAddr).IP.To4() != nil {
		protocol = "udp"
	}
	park("io", fact{"fd": fdOf(udp.(*net.UDPConn)), "direction": "read", "file": "socket", "protocol": protocol,
		"local": udp.LocalAddr().String(), "peer": "", "state": ""}, func() { udp.ReadFrom(make([]byte, 1)) })
}

func systemCalls() {
	var fds [2]int
	check(syscall.Pipe(fds[:]))
	buf := make([]byte, 7)
	keep = append(keep, buf)
	park("syscall", fact{"name": "read", "fd": fds[0], "file": "pipe", "second": uintptr(unsafe.Pointer(&buf[0])),
		"third": len(buf)}, func() { syscall.Read(fds[0], buf) })
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	check(err)
	check(syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(syscall.Listen(s, 1))
	park("syscall", fact{"name": "accept4", "fd": s, "file": "socket"}, func() { syscall.Accept(s) })
}

func labels() {
	for _, set := range [][]string{
		{"only", "one"},
		{"tenant", "a b", "path", "/x", "line", "two\nlines"},
		// More than a map's bucket holds.
		{"k01", "1", "k02", "2", "k03", "3", "k04", "4", "k05", "5", "k06", "6", "k07", "7", "k08", "8", "k09", "9",
			"k10", "10", "k11", "11", "k12", "12", "k13", "13", "k14", "14", "k15", "15", "k16", "16", "k17", "17"},
	} {
		set := set
		want := map[string]string{}
		for i := 0; i < len(set); i += 2 {
			want[set[i]] = set[i+1]
		}
		pprof.Do(context.Background(), pprof.Labels(set...), func(context.Context) {
			park("labels", fact{"labels": want}, func() { select {} })
		})
	}
}

func main() {
	debug.SetGCPercent(-1) // only the collections below
	runtime.GC()
	begin := monotonic()
	dir, err := os.MkdirTemp("", "waits")
	check(err)
	channels()
	locks()
	sleeps()
	inputOutput(dir)
	systemCalls()
	labels()
	started.Wait()
	// Until each has reached the place where it stays.
	time.Sleep(300 * time.Millisecond)
	check(os.RemoveAll(dir))
	parked := monotonic()
	runtime.GC()
	park("late", fact{}, func() { select {} })
	started.Wait()
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	mu.Lock()
	text, err := json.Marshal(fact{"begin": begin, "parked": parked, "now": monotonic(), "goroutines": facts})
	mu.Unlock()
	check(err)
	fmt.Printf("%s\n", text)
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(keep)
}
