// What this kernel really does when a uprobe of each kind is attached, tried on our own code.
#pragma once

#include <optional>

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "capture/capture.h"

namespace gorotrace {

struct SelftestResult {
  AttachMode mode;
  Links links;  // still attached: detaching takes tens of ms, which nobody need wait for
};

// The best mode that passes (all threads' hits seen, cookies right), or `forced` if that one does.
// kPermission when BPF may not be used at all, kKernel when no mode works, with what was tried.
[[nodiscard]] Result<SelftestResult> choose_attach_mode(std::optional<AttachMode> forced);

// libbpf's messages go to spdlog's debug level. Idempotent.
void redirect_libbpf_log();

// Opened and loaded for `mode`: programs of uprobe_multi have an expected attach type that perf-event links
// refuse.
[[nodiscard]] Result<SelftestSkeleton> load_selftest(AttachMode mode);

// For any program load that failed with err: kPermission with the way out, else kKernel.
[[nodiscard]] std::unexpected<Error> load_error(int err);

}  // namespace gorotrace
