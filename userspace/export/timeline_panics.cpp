// Panics, and what ends the process: their places among the steps of goroutines.
#include <fmt/format.h>

#include <utility>

#include "export/timeline.h"
#include "model/panic_account.h"
#include "report/process_end.h"

namespace gorotrace {
namespace {

// wait(2): the signal in the lowest bits, above them the status of one that exited.
std::string end_text(std::uint64_t code) {
  const int signal = static_cast<int>(code & 0x7f);
  return signal != 0 ? "killed by " + signal_name(signal) : fmt::format("exit status {}", code >> 8 & 0xff);
}

}  // namespace

void Timeline::define(const ValueDefined& defined) {
  if (values_.size() >= PanicAccount::kMaxValues) values_.clear();
  values_.insert_or_assign(defined.id, defined.value);
}

std::string Timeline::instant_text(const gt_record& r) const {
  const auto value = [&]() -> std::string {
    const auto known = values_.find(r.object);
    const std::string text = known == values_.end() ? "" : value_text(known->second);
    return text.empty() ? "a value that could not be read" : text;
  };
  switch (r.hook) {
    case GT_HOOK_PANIC:
      return "panic: " + value();
    case GT_HOOK_RECOVERED:
      return "recovered";
    case GT_HOOK_THROW:
      return "fatal error: " + value();
    case GT_HOOK_EXIT_CALL:
      return fmt::format("exit status {}", r.extra & 0xff);
    case GT_HOOK_SIGNAL:
      return "dies of " + signal_name(static_cast<int>(r.extra & 0x7f));
    default:
      return "ended: " + end_text(r.extra);
  }
}

Status Timeline::instant(const gt_record& r) {
  if (!on_[GT_GROUP_PANIC] && r.hook != GT_HOOK_ENDED) return {};
  if (!in_stretch_ || r.time_ns < from_ns_ || r.time_ns > end_ns_) return {};
  now_ns_ = std::max(now_ns_, r.time_ns);
  const bool runs = r.hook == GT_HOOK_PANIC || r.hook == GT_HOOK_RECOVERED;
  if (runs && r.goid == 0) return {};
  if (runs) {
    if (auto told = runs_now(r.goid, r.tid); !told) return told;
  }
  instant_text_ = instant_text(r);
  return step(runs ? StepKind::kPanics : StepKind::kDies, r, instant_text_);
}

}  // namespace gorotrace
