package main

import "runtime/metrics"

// metricCreated is the runtime's own count of creations, since Go 1.26 (system goroutines included).
func metricCreated() (uint64, bool) {
	s := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0, false
	}
	return s[0].Value.Uint64(), true
}
