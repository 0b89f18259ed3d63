#include "http/capture_counts.h"

#include <gtest/gtest.h>

#include <string>

namespace gorotrace {
namespace {

std::string text(const CaptureCounts& counts, bool running) {
  return metrics_exposition(counts.families(running), MetricsFormat::kPrometheusText);
}

TEST(CaptureCounts, AllSeriesAreThereFromTheStart) {
  const std::string text = gorotrace::text(CaptureCounts(), false);
  for (const char* line :
       {"gorotrace_capture_runs_total{kind=\"trace\",end=\"time\"} 0\n",
        "gorotrace_capture_runs_total{kind=\"goroutinecreate\",end=\"client\"} 0\n",
        "gorotrace_capture_refused_total{reason=\"busy\"} 0\n",
        "gorotrace_capture_seconds_total{kind=\"capture\"} 0\n",
        "gorotrace_capture_cost_cpu_seconds_total{kind=\"trace\"} 0\n", "gorotrace_capture_running 0\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

TEST(CaptureCounts, AddUp) {
  CaptureCounts counts;
  StatFacts facts;
  facts.begin_ns = 1'000'000'000;
  facts.cost = {.hits = 100, .charged_ns = 2.5e8, .target_cpu_ns = 1};
  counts.took(CaptureKind::kTrace, facts, 1'500'000'000);  // it has no end
  facts.end_ns = 3'000'000'000;
  counts.took(CaptureKind::kTrace, facts, 9'000'000'000);
  counts.ended(CaptureKind::kTrace, CaptureEnd::kClient);
  counts.ended(CaptureKind::kTrace, CaptureEnd::kBudget);
  counts.refused(CaptureRefusal::kOff);
  const std::string text = gorotrace::text(counts, true);
  for (const char* line :
       {"gorotrace_capture_runs_total{kind=\"trace\",end=\"client\"} 1\n",
        "gorotrace_capture_runs_total{kind=\"trace\",end=\"budget\"} 1\n",
        "gorotrace_capture_refused_total{reason=\"off\"} 1\n",
        "gorotrace_capture_seconds_total{kind=\"trace\"} 2.5\n",
        "gorotrace_capture_hits_total{kind=\"trace\"} 200\n",
        "gorotrace_capture_cost_cpu_seconds_total{kind=\"trace\"} 0.5\n", "gorotrace_capture_running 1\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
}

}  // namespace
}  // namespace gorotrace
