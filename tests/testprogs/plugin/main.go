// A host and its plugin p, the first argument; or several plugins, with commas between, the last of them p.
// "block" behind it: a goroutine stands still in the host below the plugin, another one in the plugin;
// "late": the plugin is opened when stdin says so. Lines of JSON; each has the runtime's own word of all
// goroutines. Commands: open, spawn (goroutines that stand still in the plugin, one for each way to wait),
// work (a known number of goroutines and waits of the plugin's). It ends with its stdin.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"plugin"
	"runtime"
	"strings"
	"sync"
	"time"
)

//go:noinline
func hostBlock() {
	there.Done()
	<-make(chan int)
}

var there sync.WaitGroup

var opened []*plugin.Plugin

func open() {
	for _, path := range strings.Split(os.Args[1], ",") {
		p, err := plugin.Open(path)
		if err != nil {
			panic(err)
		}
		opened = append(opened, p)
	}
}

func function(name string) plugin.Symbol { return of(opened[len(opened)-1], name) }

func of(p *plugin.Plugin, name string) plugin.Symbol {
	f, err := p.Lookup(name)
	if err != nil {
		panic(err)
	}
	return f
}

func say(kind string) {
	buf := make([]byte, 1<<20)
	text, err := json.Marshal(map[string]string{"type": kind, "text": string(buf[:runtime.Stack(buf, true)])})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", text)
}

func main() {
	mode := ""
	if len(os.Args) > 2 {
		mode = os.Args[2]
	}
	if mode != "late" {
		open()
	}
	if mode == "block" {
		there.Add(1)
		go function("Through").(func(func()))(hostBlock)
		go function("Block").(func())()
		there.Wait()
	}
	time.Sleep(500 * time.Millisecond)
	say("ready")
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		switch commands.Text() {
		case "open":
			open()
		case "spawn":
			for _, p := range opened {
				of(p, "Spawn").(func())()
			}
			time.Sleep(500 * time.Millisecond)
		case "work":
			function("Work").(func(int, int))(50, 100)
		}
		say(commands.Text())
	}
}
