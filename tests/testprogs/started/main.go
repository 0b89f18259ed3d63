// A program that somebody starts: what it does is its first argument, and it says what it was given.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// With GOMAXPROCS=1 goids go up by one from 1: the newest goroutine's is how many were created, by the runtime, too.
func goid() uint64 {
	var text [64]byte
	fields := bytes.Fields(text[:runtime.Stack(text[:], false)])
	id, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return id
}

// created by the runtime's own count; "" before Go 1.26.
func byMetrics() string {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return ""
	}
	return fmt.Sprint(sample[0].Value.Uint64())
}

func count(n int, lives time.Duration, status int) {
	time.Sleep(lives)
	var all sync.WaitGroup
	all.Add(n)
	for i := 0; i < n; i++ {
		go all.Done()
	}
	all.Wait()
	go func() {
		newest := goid()
		fmt.Println("created", newest, byMetrics())
		os.Exit(status)
	}()
	select {}
}

// Everything that a process has from its starter and that could be another one's.
func given() {
	groups, _ := os.Getgroups()
	sort.Ints(groups)
	fmt.Println("ids", os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid(), groups)
	for _, name := range []string{"HOME", "USER", "LOGNAME", "SHELL", "SUDO_UID", "SUDO_USER", "PATH", "GIVEN"} {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	directory, _ := os.Getwd()
	fmt.Println("in", directory, "as", os.Args)
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil {
			fmt.Println(link, to)
		}
	}
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "SigBlk") || strings.HasPrefix(line, "SigIgn") || strings.HasPrefix(line, "SigCgt") ||
			strings.HasPrefix(line, "TracerPid") || strings.HasPrefix(line, "Cap") {
			fmt.Println(line)
		}
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	fmt.Print(string(limits))
	group, _ := syscall.Getpgid(0)
	parents, _ := syscall.Getpgid(os.Getppid())
	fmt.Println("in the group of its parent", group == parents)
}

func signals() {
	came := make(chan os.Signal, 16)
	signal.Notify(came, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGCONT)
	fmt.Println("ready", os.Getpid())
	for s := range came {
		fmt.Println("came", s)
		if s == syscall.SIGTERM {
			os.Exit(3)
		}
	}
}

func main() {
	switch os.Args[1] {
	case "count":
		n, _ := strconv.Atoi(os.Args[2])
		lives, _ := time.ParseDuration(os.Args[3])
		status := 0
		if len(os.Args) > 4 {
			status, _ = strconv.Atoi(os.Args[4])
		}
		count(n, lives, status)
	case "exit":
		status, _ := strconv.Atoi(os.Args[2])
		os.Exit(status)
	case "killed":
		number, _ := strconv.Atoi(os.Args[2])
		signal.Reset()
		syscall.Kill(os.Getpid(), syscall.Signal(number))
		time.Sleep(time.Minute)
	case "shout":
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			fmt.Println(strings.ToUpper(lines.Text()))
		}
	case "given":
		given()
	case "signals":
		signals()
	case "children":
		for i := 0; i < 3; i++ {
			child := exec.Command(os.Args[0], "exit", "0")
			if err := child.Run(); err != nil {
				panic(err)
			}
		}
	case "exec":
		panic(syscall.Exec(os.Args[2], os.Args[2:], os.Environ()))
	}
}
