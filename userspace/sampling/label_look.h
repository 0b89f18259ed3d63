// The values of one label among the goroutines of one pass, read behind the pass: each set of labels once,
// whichever goroutines share it. A set that its goroutine gave up meanwhile may be another one by now and
// counts as not read. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/seeded_hash.h"
#include "snapshot/goroutines.h"
#include "snapshot/label_values.h"
#include "waits/label_reader.h"

namespace gorotrace {

struct LabelSubject {
  std::string key;
  LabelLayout layout;
};

class LabelLook {
 public:
  // All outlive this object.
  LabelLook(const Memory& memory, const LabelSubject& subject, LabelValues& values)
      : memory_(memory), subject_(subject), reader_(memory, subject.layout), values_(values) {}
  [[nodiscard]] LabelId of(const GoroutineSnapshot& g);

 private:
  [[nodiscard]] LabelId read(std::uint64_t labels);
  [[nodiscard]] bool still_has_them(const GoroutineSnapshot& g) const;

  const Memory& memory_;
  const LabelSubject& subject_;
  LabelReader reader_;
  LabelValues& values_;
  SeededMap<std::uint64_t, LabelId> known_;  // by g.labels
};

}  // namespace gorotrace
