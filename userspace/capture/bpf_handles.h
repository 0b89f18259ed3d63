// Typed owners of libbpf objects: the one place where its raw pointers are freed.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "gorotrace_bpf.skel.h"
#include "gorotrace_calibration.skel.h"
#include "gorotrace_selftest.skel.h"
#include "gorotrace_task.skel.h"

namespace gorotrace {

struct BpfDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
  void operator()(gorotrace_bpf* skeleton) const { gorotrace_bpf__destroy(skeleton); }
  void operator()(gorotrace_selftest* skeleton) const { gorotrace_selftest__destroy(skeleton); }
  void operator()(gorotrace_calibration* skeleton) const { gorotrace_calibration__destroy(skeleton); }
  void operator()(gorotrace_task* skeleton) const { gorotrace_task__destroy(skeleton); }
};

using Link = std::unique_ptr<bpf_link, BpfDeleter>;
using Links = std::vector<UniqueFd>;  // of probes: each is on while its descriptor is open
using TracerSkeleton = std::unique_ptr<gorotrace_bpf, BpfDeleter>;
using SelftestSkeleton = std::unique_ptr<gorotrace_selftest, BpfDeleter>;
using CalibrationSkeleton = std::unique_ptr<gorotrace_calibration, BpfDeleter>;
using TaskSkeleton = std::unique_ptr<gorotrace_task, BpfDeleter>;

}  // namespace gorotrace
