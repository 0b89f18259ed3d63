// A block of records as columns: one that is read can be written and is the same, and so can any records.
#include <cstring>

#include "check.h"
#include "input.h"
#include "recording/record_columns.h"

using namespace gorotrace;
using fuzz::check;

namespace {

constexpr gt_u16 kTarget = 5;
constexpr gt_u8 kGeneration = 7;

void check_back(const std::vector<gt_record>& records) {
  std::string bytes;
  append_columns(records, bytes);
  const auto read = read_columns(bytes, kTarget, kGeneration);
  check(read.has_value(), "what was written can be read");
  check(read->size() == records.size(), "as many come back");
  for (std::size_t i = 0; i < records.size(); ++i)
    check(std::memcmp(&(*read)[i], &records[i], sizeof(gt_record)) == 0, "a record comes back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto read = read_columns({reinterpret_cast<const char*>(data), size}, kTarget, kGeneration)) {
    check(read->size() <= kMaxBlockRecords && read->size() <= size, "no more than there can be");
    check_back(*read);
  } else {
    fuzz::check_printable(read.error().message, "an error is printable");
  }
  fuzz::Input input(data, size);
  std::vector<gt_record> records;
  while (!input.rest().empty() && records.size() < kMaxBlockRecords) {
    gt_record& r = records.emplace_back(input.take<gt_record>());
    r.target = kTarget;
    r.generation = kGeneration;
    r.seq = 0;
  }
  check_back(records);
  return 0;
}
