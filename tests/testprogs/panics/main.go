// Panics of every kind, recovered or not, and every way for a process to end. What it recovers it tells itself:
// "recovered TYPE|TEXT|COUNT" on stdout.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type plain struct{ a, b int }
type named string

var (
	list  []int
	none  *plain
	table map[string]int
	zero  int
	any0  interface{} = "text"
)

func throwIt(what string) {
	switch what {
	case "text":
		panic("some text")
	case "named":
		panic(named("a named text"))
	case "long":
		text := ""
		for i := 0; i < 100; i++ {
			text += "0123456789"
		}
		panic(text)
	case "error":
		panic(errors.New("an error"))
	case "wrapped":
		panic(fmt.Errorf("around: %w", errors.New("inside")))
	case "int":
		panic(-42)
	case "byte":
		panic(uint8(200))
	case "float":
		panic(2.5)
	case "bool":
		panic(true)
	case "struct":
		panic(plain{1, 2})
	case "pointer":
		panic(&plain{1, 2})
	case "index":
		fmt.Println(list[len(os.Args)+3])
	case "slice":
		fmt.Println(list[:len(os.Args)+3])
	case "nothing":
		panic(nil)
	case "nil":
		none.a = 1
	case "map":
		table["a"] = 1
	case "divide":
		fmt.Println(1 / zero)
	case "assert":
		fmt.Println(any0.(int))
	default:
		panic("unknown: " + what)
	}
}

func keep(what string, say bool) {
	defer func() {
		value := recover()
		if !say {
			return
		}
		text := fmt.Sprint(value)
		fmt.Printf("recovered %T|%s\n", value, text)
	}()
	throwIt(what)
}

var kinds = []string{"text", "named", "long", "error", "wrapped", "int", "byte", "float", "bool", "struct", "pointer",
	"index", "slice", "nil", "map", "divide", "assert"}

// The inner panic is recovered where the outer one goes on.
func within() {
	defer func() {
		keep("int", true)
	}()
	throwIt("text")
}

func keepWithin() {
	defer func() { fmt.Println("outer", recover()) }()
	within()
}

// The second panic takes the place of the first.
func replaced() {
	defer func() { fmt.Println("only", recover()) }()
	func() {
		defer throwIt("int")
		throwIt("text")
	}()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	how := os.Args[1]
	switch how {
	case "recover":
		for _, kind := range kinds {
			keep(kind, true)
		}
		keepWithin()
		replaced()
	case "many":
		n, err := strconv.Atoi(os.Args[2])
		must(err)
		var all sync.WaitGroup
		for i := 0; i < 8; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for k := 0; k < n; k++ {
					keep("error", false)
				}
			}()
		}
		all.Wait()
	case "goexit":
		var all sync.WaitGroup
		all.Add(1)
		go func() {
			defer all.Done()
			defer runtime.Goexit()
			throwIt("text")
		}()
		all.Wait()
	case "panic":
		done := make(chan bool)
		go func() {
			throwIt(os.Args[2])
			done <- true
		}()
		<-done
	case "again":
		func() {
			defer func() { throwIt("int") }()
			throwIt("text")
		}()
	case "deadlock":
		select {}
	case "unlock":
		var mutex sync.Mutex
		mutex.Unlock()
	case "exit":
		go func() { os.Exit(7) }()
		select {}
	case "exit-in-defer":
		defer os.Exit(2)
		throwIt("text")
	case "return":
	case "signal":
		n, err := strconv.Atoi(os.Args[2])
		must(err)
		must(syscall.Kill(os.Getpid(), syscall.Signal(n)))
		time.Sleep(time.Minute)
	case "serve": // panics now and then, all of them recovered, until it is killed
		for i := 0; ; i++ {
			keep(kinds[i%len(kinds)], false)
			time.Sleep(20 * time.Millisecond)
		}
	default:
		panic("unknown: " + how)
	}
}
