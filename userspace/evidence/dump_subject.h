// Whose goroutines a dump has, and what two dumps have to do with each other. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "evidence/dump.h"

namespace gorotrace {

struct DumpSubject {
  TargetFacts target;
  DumpIdentity identity;
};

enum class SubjectRelation : std::uint8_t {
  kSameProcess,
  kSameProgram,  // of two processes: before and after a restart or an exec, canary and stable
  kOther,
};
// A program is its main package, wherever its file lies and whatever its version; where that is not known,
// the file's name and the module. A shared library with a Go runtime is one, too.
[[nodiscard]] SubjectRelation relation(const DumpSubject& a, const DumpSubject& b);
// Two programs of one process, one behind the other: an exec lies between them.
[[nodiscard]] bool executed_anew(const DumpSubject& a, const DumpSubject& b);

// "/opt/shop (example.com/shop v1.2.0, go1.26.8), PID 77".
[[nodiscard]] std::string describe(const DumpSubject& subject);

}  // namespace gorotrace
