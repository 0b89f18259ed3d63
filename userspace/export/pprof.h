// A dump as a goroutine profile in pprof's format (github.com/google/pprof proto/profile.proto), with what
// runtime/pprof (proto.go) writes for goroutine?debug=0: one sample per distinct stack and label set, type
// goroutine/count, the labels of pprof.Do, executable mappings, functions under their full names. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/dump.h"
#include "evidence/dump_select.h"
#include "evidence/mapping.h"

namespace gorotrace {

// Gzipped. A goroutine without a stack is a sample of one pseudo frame, "[stack unavailable: ...]", on top of
// the function it was started with. The notes of the look are the profile's comments.
[[nodiscard]] Result<std::string> pprof_profile(const DumpView& view, const Selection& selection,
                                                const std::vector<ExecutableMapping>& mappings);

// What is more in the second of two looks at one process than in the first, or less: runtime/pprof's delta
// profiles (goroutine?seconds=N), in which a stack that is as frequent as before has no sample. The notes are
// those of both.
struct PprofLook {
  const DumpView& view;
  const Selection& selection;
};
[[nodiscard]] Result<std::string> pprof_difference(const PprofLook& before, const PprofLook& after,
                                                   const std::vector<ExecutableMapping>& mappings);

}  // namespace gorotrace
