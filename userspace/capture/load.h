// The one BPF object of all targets, loaded for an attach mode, with its rings.
#pragma once

#include <memory>

#include "base/result.h"
#include "capture/bpf_handles.h"
#include "capture/capture.h"
#include "capture/ring_reader.h"

namespace gorotrace {

struct LoadedTracer {
  std::unique_ptr<RingReader> rings;
  TracerSkeleton skeleton;
};

[[nodiscard]] Result<LoadedTracer> load_tracer(AttachMode mode, const CaptureOptions& options);

// The program that understands this hook; nullptr for GT_HOOK_NONE and GT_HOOK_CALIBRATE.
[[nodiscard]] const bpf_program* program_of(const gorotrace_bpf& skeleton, gt_hook hook);

}  // namespace gorotrace
