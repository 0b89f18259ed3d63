#include "waits/waits_now.h"

#include "waits/sudog.h"

namespace gorotrace::waits {

WaitsNow::WaitsNow(const Context& context)
    : context_(context), reasons_(classify_reasons(context.config.wait_reasons)) {}

bool WaitsNow::on_semaphore(const GWords& words) const {
  if (words.state() != GStatus::kWaiting || words.wait_reason >= reasons_.size()) return false;
  switch (reasons_[words.wait_reason]) {
    case Reason::kSemaphore:
    case Reason::kMutex:
    case Reason::kRWMutexRead:
    case Reason::kRWMutexWrite:
      return true;
    default:
      return false;
  }
}

std::uint64_t WaitsNow::semaphore(std::uint64_t g, const GWords& words) {
  if (!on_semaphore(words)) return 0;
  const RuntimeOffsets& o = context_.config.offsets;
  if (o.sudog_elem_vu != kAbsent) {
    std::vector<std::uint8_t> bytes(sudog_window(o));
    if (words.waiting == 0 || !context_.memory.read(words.waiting, bytes)) return 0;
    const Sudog s = pick_sudog(bytes, o);
    return s.g == g && s.channel == 0 ? s.elem : 0;
  }
  if (!table_) {
    auto table = read_semtable(context_);
    table_ = table ? std::move(*table) : Semtable{};
  }
  const auto at = table_->of_g.find(g);
  return at != table_->of_g.end() ? at->second.semaphore : 0;
}

}  // namespace gorotrace::waits
