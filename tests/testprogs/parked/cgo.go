package main

// extern void waitInGo(void);
// static void call_back(void) { waitInGo(); }
import "C"

var readyInGo func()

func init() {
	callBack = func(ready func()) {
		readyInGo = ready
		C.call_back()
	}
}
