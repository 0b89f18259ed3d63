//go:build cgo

package main

/*
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>
void truthCallback(int64_t);
static void *thread(void *n) {
  for (intptr_t i = 0; i < (intptr_t)n; i++) truthCallback(i);
  return 0;
}
static void fromThread(int64_t n) {
  pthread_t t;
  pthread_create(&t, 0, thread, (void *)(intptr_t)n);
  pthread_join(t, 0);
}
// A child that is a copy of this process: in C, for of Go's threads it has only the one.
static int64_t forkPause(void) {
  pid_t child = fork();
  while (child == 0) pause();
  return child;
}
static void fromGo(int64_t n) { thread((void *)(intptr_t)n); }
*/
import "C"

func init() {
	scenarios["cgo"] = cgo
	forkChild = func() int64 { return int64(C.forkPause()) }
}

// cgo: callbacks from a C thread that Go has not made, and from a Go thread inside C. The callback's channel
// work happens on the goroutine of the extra M and on the caller's own.
func cgo(r *result) {
	callbacks = 0
	C.fromThread(20)
	C.fromGo(20)
	if callbacks != 40 {
		panic("truth: callbacks lost")
	}
	r.Syscalls += 2
}
