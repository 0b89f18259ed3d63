// Command hello has what a struct's DWARF needs and nothing else: it builds fast with any Go version.
package main

func main() {
	done := make(chan bool)
	go close(done)
	<-done
}
