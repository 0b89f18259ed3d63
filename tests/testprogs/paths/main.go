// Comes to one wait by as many call paths as it is told: at each level of a recursion one of four functions goes on,
// chosen by two bits of the path's number. Prints "ready", then for each line N on stdin takes N paths that it has not
// taken before, and says so.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

const levels = 10 // a million paths

var ask, answer = make(chan int), make(chan int)

//go:noinline
func east(path, level int) int { return turn(path, level) + 1 }

//go:noinline
func north(path, level int) int { return turn(path, level) + 2 }

//go:noinline
func south(path, level int) int { return turn(path, level) + 3 }

//go:noinline
func west(path, level int) int { return turn(path, level) + 4 }

// Inlined into each of them.
func turn(path, level int) int {
	if level == 0 {
		return wait(path)
	}
	switch path & 3 {
	case 0:
		return east(path>>2, level-1)
	case 1:
		return north(path>>2, level-1)
	case 2:
		return south(path>>2, level-1)
	}
	return west(path>>2, level-1)
}

//go:noinline
func wait(path int) int {
	ask <- path
	return <-answer
}

func main() {
	go func() {
		for path := range ask {
			answer <- path
		}
	}()
	fmt.Println(`{"type":"ready"}`)
	out := json.NewEncoder(os.Stdout)
	next, lines := 0, bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			panic(err)
		}
		for end := next + n; next < end; next++ {
			turn(next, levels)
			if next%64 == 0 { // at a pace that a tracer keeps on a machine that does much else
				time.Sleep(time.Millisecond)
			}
		}
		out.Encode(map[string]any{"type": "done", "paths": n})
	}
}
