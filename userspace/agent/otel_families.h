// The Go runtime's metrics by the names of OpenTelemetry's semantic conventions (docs/runtime/go-metrics.md,
// as of 2026-08, those that are not opt-in), in the form that Prometheus gives them. Pure.
#pragma once

#include <vector>

#include "agent/go_families.h"
#include "agent/metric_family.h"

namespace gorotrace {

// What is not known is left out, and so is a memory limit that was never set.
void add_otel_families(std::vector<MetricFamily>& families, const GoFigures& figures);

}  // namespace gorotrace
