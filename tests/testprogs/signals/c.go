package main

/*
static volatile long turns;
static void turn(void) { for (;;) turns++; }
static void fault(void) { *(volatile int *)8 = 1; }
*/
import "C"

func init() {
	inC["c"] = func() { C.turn() }
	inC["c-fault"] = func() { C.fault() }
}
