#include "model/wakers.h"

#include <algorithm>

namespace gorotrace {

void Wakers::add(const std::optional<Waker>& waker) {
  if (!waker) {
    ++other_;
    return;
  }
  const auto& [kind, stack] = *waker;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].stack != stack || rows_[i].kind != kind) continue;
    ++rows_[i].count;
    if (i > 0 && rows_[i].count > rows_[i - 1].count) std::swap(rows_[i], rows_[i - 1]);
    return;
  }
  if (rows_.size() < kMaxWakers) {
    rows_.push_back({kind, stack, 1});
  } else {
    ++other_;
  }
}

void Wakers::merge(const Wakers& from) {
  other_ += from.other_;
  for (const WakerRow& theirs : from.rows_) {
    const auto ours = std::find_if(rows_.begin(), rows_.end(), [&](const WakerRow& row) {
      return row.stack == theirs.stack && row.kind == theirs.kind;
    });
    if (ours != rows_.end()) {
      ours->count += theirs.count;
    } else if (rows_.size() < kMaxWakers) {
      rows_.push_back(theirs);
    } else {
      other_ += theirs.count;
    }
  }
}

std::vector<WakerRow> Wakers::top(std::size_t limit, std::uint64_t* other) const {
  std::vector<WakerRow> out = rows_;
  std::sort(out.begin(), out.end(), [](const WakerRow& a, const WakerRow& b) {
    if (a.count != b.count) return a.count > b.count;
    return a.kind != b.kind ? a.kind < b.kind : a.stack < b.stack;
  });
  *other += other_;
  for (std::size_t i = limit; i < out.size(); ++i) *other += out[i].count;
  if (out.size() > limit) out.resize(limit);
  return out;
}

WakerKind runtime_waker(const std::string& reason) {
  if (reason == "IO wait") return WakerKind::kNetpoll;
  // Channels are operated from the scheduler only by time.sendTime; a sleep ends by its timer alone.
  if (reason == "sleep" || reason.starts_with("chan receive") || reason.starts_with("select")) {
    return WakerKind::kTimer;
  }
  if (reason.starts_with("GC ") || reason.starts_with("garbage") || reason.starts_with("force gc") ||
      reason == "wait for GC cycle") {
    return WakerKind::kGc;
  }
  return WakerKind::kRuntime;
}

}  // namespace gorotrace
