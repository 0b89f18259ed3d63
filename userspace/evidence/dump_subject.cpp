#include "evidence/dump_subject.h"

#include <fmt/format.h>

#include <string_view>

namespace gorotrace {
namespace {

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 == 0
}

// What `go build a.go b.go` calls a package is no package's name.
bool names_package(const std::string& main_package) {
  return !main_package.empty() && main_package != "command-line-arguments";
}

// Of files that an older gorotrace wrote: the executable's runtime, there was no other.
const std::string& runtime_file(const DumpSubject& s) {
  return s.target.file.empty() ? s.target.exe : s.target.file;
}

// Of one process. A file that is moved has another path from then on.
bool same_runtime(const DumpSubject& a, const DumpSubject& b) {
  const bool own = runtime_file(a) == a.target.exe;
  if (own != (runtime_file(b) == b.target.exe)) return false;
  return own || file_name(runtime_file(a)) == file_name(runtime_file(b));
}

bool same_program(const DumpSubject& a, const DumpSubject& b) {
  if (names_package(a.identity.main_package) && names_package(b.identity.main_package))
    return a.identity.main_package == b.identity.main_package;
  return file_name(runtime_file(a)) == file_name(runtime_file(b)) &&
         a.target.main_module == b.target.main_module;
}

// As the kernel counts processes: an exec makes no new one.
bool one_task(const DumpSubject& a, const DumpSubject& b) {
  return a.target.pid == b.target.pid && a.identity.start_ticks == b.identity.start_ticks &&
         a.identity.boot_id == b.identity.boot_id;
}

}  // namespace

SubjectRelation relation(const DumpSubject& a, const DumpSubject& b) {
  if (!same_program(a, b)) return SubjectRelation::kOther;
  if (one_task(a, b) && !executed_anew(a, b) && !same_runtime(a, b)) return SubjectRelation::kOther;
  return one_task(a, b) && !executed_anew(a, b) ? SubjectRelation::kSameProcess
                                                : SubjectRelation::kSameProgram;
}

bool executed_anew(const DumpSubject& a, const DumpSubject& b) {
  return one_task(a, b) && a.identity.start_stack != 0 && b.identity.start_stack != 0 &&
         a.identity.start_stack != b.identity.start_stack;
}

std::string describe(const DumpSubject& s) {
  const std::string& module = s.target.main_module;
  const std::string program =
      module.empty() ? s.identity.main_package
                     : module + (s.target.main_version.empty() ? "" : " " + s.target.main_version);
  const std::string go = s.target.go_version.empty() ? "Go" : s.target.go_version;
  return fmt::format("{} ({}{}), PID {}", s.target.exe.empty() ? "?" : s.target.program(),
                     program.empty() ? "" : program + ", ", go, s.target.pid);
}

}  // namespace gorotrace
