// Goroutines in functions whose names, files and labels the test overwrites in the built file (e2e/test_hostile.py):
// each name is a place of a given length for something a terminal, a parser or a buffer may trip over. Says "ready" and
// waits for the end of its stdin.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

var (
	ready sync.WaitGroup
	never = make(chan int)
)

func block() {
	ready.Done()
	<-never
}

//go:noinline
func PlaceForEscapeSequences_______________________________() { block() }

//go:noinline
func PlaceForInvalidUTF8___________________________________() { block() }

//go:noinline
func PlaceForLineBreaksAndDirections_______________________() { block() }

//go:noinline
func PlaceForSeparators____________________________________() { block() }

//go:noinline
func PlaceForBrackets______________________________________() { block() }

//go:noinline
func PlaceForNothing_______________________________________() { block() }

//go:noinline
func PlaceForTheLastNameWithoutAnEnd_______________________() { block() }

//go:noinline
func PlaceForALongName() { block() }

//go:noinline
func PlaceThatMakesGoroutines______________________________() { go block() }

func main() {
	functions := []func(){
		PlaceForEscapeSequences_______________________________, PlaceForInvalidUTF8___________________________________,
		PlaceForLineBreaksAndDirections_______________________, PlaceForSeparators____________________________________,
		PlaceForBrackets______________________________________, PlaceForNothing_______________________________________,
		PlaceForTheLastNameWithoutAnEnd_______________________, PlaceForALongName, inPlaceForAFile,
		func() {
			pprof.Do(context.Background(), pprof.Labels("a\x1b[31m\nb", "\xff\x9b31m\u202e\u0085;\"}\\"),
				func(context.Context) { block() })
		},
	}
	ready.Add(len(functions) + 1)
	for _, f := range functions {
		go f()
	}
	PlaceThatMakesGoroutines______________________________()
	ready.Wait()
	go func() { // something for stat: waits that end
		for {
			time.Sleep(5 * time.Millisecond)
		}
	}()
	fmt.Println(`{"type":"ready"}`)
	io.Copy(io.Discard, os.Stdin)
}

//line /place/for/a/file/that/is/overwritten/in/the/built/program.go:1
func inPlaceForAFile() { block() }
