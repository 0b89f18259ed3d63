// A file given to dump --diff, held against itself.
#include "check.h"
#include "evidence/dump_subject.h"
#include "evidence/growth.h"
#include "evidence/population_file.h"

using namespace gorotrace;
using fuzz::check;

namespace {

std::uint64_t sum(const PlaceCounts& counts) {
  std::uint64_t total = 0;
  for (const auto& [places, count] : counts) {
    for (const Frame& f : places) {
      fuzz::check_printable(f.function, "a function's name is printable");
      fuzz::check_printable(f.file, "a file's name is printable");
      check(f.line >= 0, "a line is not negative");
    }
    total += count;
  }
  return total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = population_from_json({reinterpret_cast<const char*>(data), size}, "A.json");
  if (!read) {
    check(read.error().kind == ErrorKind::kUsage, "a file that is refused is a usage error");
    fuzz::check_printable(read.error().message, "an error is printable");
    return 0;
  }
  check(sum(read->stacks) == read->goroutines, "each goroutine has one stack");
  check(sum(read->sites) == read->goroutines, "each goroutine has one creation site");
  fuzz::check_printable(describe(read->subject), "a process's name is printable");
  for (const std::string& condition : read->conditions.value_or(std::vector<std::string>{}))
    fuzz::check_printable(condition, "a condition is printable");
  check(relation(read->subject, read->subject) == SubjectRelation::kSameProcess, "a process is itself");
  GrowthTracker tracker;
  tracker.add(*read);
  tracker.add(*read);
  const Growth growth = tracker.result();
  check(growth.stacks.empty() && growth.sites.empty() && growth.stacks_shrunk + growth.sites_shrunk == 0,
        "nothing has grown since itself");
  check(growth.chosen_alike(), "it was chosen as itself");
  return 0;
}
