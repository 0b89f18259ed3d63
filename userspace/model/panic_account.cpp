#include "model/panic_account.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace gorotrace {
namespace {

SignalCameTo interrupted_by(const gt_record& record) {
  if (record.hook != GT_HOOK_SIGNAL || record.detail == 0) return SignalCameTo::kNotKnown;
  if (record.goid != 0) return SignalCameTo::kGoroutine;
  const bool nobody = (record.flags & GT_REC_ACTOR_MASK) == GT_ACTOR_RUNTIME;
  return nobody ? SignalCameTo::kNoGoroutine : SignalCameTo::kNotKnown;
}

}  // namespace

void PanicAccount::define(std::uint64_t value, PanicValue what) {
  if (!values_.insert_or_assign(value, std::move(what)).second) return;
  values_order_.push_back(value);
  if (values_order_.size() <= kMaxValues) return;
  values_.erase(values_order_.front());
  values_order_.pop_front();
}

PanicValue PanicAccount::value_of(const gt_record& record) const {
  const auto found = values_.find(record.object);
  return found == values_.end() ? PanicValue{} : found->second;
}

void PanicAccount::apply(const gt_record& record) {
  const auto first = [&](std::optional<Event>& event) {
    if (!event) event = Event{record, {}};
  };
  switch (record.hook) {
    case GT_HOOK_PANIC:
      ++thrown_;
      if (open_.size() >= kMaxOpen) {
        ++overflow_;
        open_.erase(open_.begin());
      }
      open_.push_back({record.goid, record.time_ns, record.extra, record.stack, value_of(record)});
      return;
    case GT_HOOK_RECOVERED:
      return recovered(record);
    case GT_HOOK_THROW:
      ++fatal_;
      if (!fatal_error_) fatal_error_ = Event{record, value_of(record)};
      return;
    case GT_HOOK_SIGNAL:
      return first(signal_);
    case GT_HOOK_EXIT_CALL:
      return first(exit_call_);
    case GT_HOOK_ENDED:
      return first(ended_);
    default:
      return;
  }
}

void PanicAccount::recovered(const gt_record& record) {
  recovered_ += end_of(record.goid, record.extra, record.stack, record.time_ns);
}

std::uint64_t PanicAccount::end_of(std::uint64_t goid, std::optional<std::uint64_t> below,
                                   std::uint64_t place, std::uint64_t at_ns) {
  return std::erase_if(open_, [&](const OpenPanic& panic) {
    const bool over = panic.goid == goid && (!below || panic.depth > *below);
    if (over) book(panic, place, at_ns);
    return over;
  });
}

void PanicAccount::book(const OpenPanic& panic, std::uint64_t place, std::uint64_t at_ns) {
  const auto key = std::tuple(panic.stack, panic.value.type, place);
  auto row = rows_.find(key);
  if (row == rows_.end()) {
    if (rows_.size() >= kMaxRows) {
      ++overflow_;
      return;
    }
    row = rows_.emplace(key, PanicRow{panic.stack, panic.value.type, place, 0, 0, {}}).first;
  }
  ++row->second.count;
  row->second.last_ns = at_ns;
  row->second.last = panic.value;
}

// Of a panic that nobody recovered gopanic says nothing more: its goroutine calls exit, or, with
// GOTRACEBACK=crash, dies of SIGABRT.
std::optional<ProcessEnd> PanicAccount::end() const {
  const auto of = [](const Event& event, EndedBy by) {
    return ProcessEnd{.by = by,
                      .at_ns = event.record.time_ns,
                      .goid = event.record.goid,
                      .stack = event.record.stack,
                      .interrupted = interrupted_by(event.record),
                      .value = event.value,
                      .other_panics = 0,
                      .exit_status = {},
                      .signal = {}};
  };
  std::optional<ProcessEnd> end;
  const std::optional<Event>& last_act = exit_call_ ? exit_call_ : signal_;
  const auto fatal_panic =
      last_act ? std::find_if(open_.rbegin(), open_.rend(),
                              [&](const OpenPanic& panic) { return panic.goid == last_act->record.goid; })
               : open_.rend();
  // os.Exit in a deferred call ends the process, too, whatever panic is under way.
  const bool by_program = exit_call_ && exit_call_->record.detail != 0;
  // A panic may be under way where it came to by chance.
  const bool by_signal = signal_ && interrupted_by(signal_->record) != SignalCameTo::kNotKnown;
  const bool dies_of_panic = fatal_panic != open_.rend() && !by_program && !by_signal;
  if (fatal_error_) {
    end = of(*fatal_error_, EndedBy::kFatal);
  } else if (dies_of_panic) {
    end = ProcessEnd{.by = EndedBy::kPanic,
                     .at_ns = fatal_panic->at_ns,
                     .goid = fatal_panic->goid,
                     .stack = fatal_panic->stack,
                     .interrupted = SignalCameTo::kNotKnown,
                     .value = fatal_panic->value,
                     .other_panics = 0,
                     .exit_status = {},
                     .signal = {}};
    const auto of_it = std::ranges::count(open_, fatal_panic->goid, &OpenPanic::goid);
    end->other_panics = static_cast<std::uint64_t>(of_it) - 1;
  } else if (signal_) {
    end = of(*signal_, EndedBy::kSignal);
  } else if (exit_call_) {
    // What else has the runtime call exit: a signal, of which files of before have no record up to Go 1.20.
    end = of(*exit_call_, by_program ? EndedBy::kExitCall : EndedBy::kSignal);
  } else if (ended_) {
    end = of(*ended_, EndedBy::kKernel);
  } else {
    return std::nullopt;
  }
  if (signal_) end->signal = static_cast<int>(signal_->record.extra & 0x7f);
  if (exit_call_) {
    end->exit_status = static_cast<int>(exit_call_->record.extra & 0xff);
    if (end->by != EndedBy::kSignal) end->signal.reset();  // the process exits, it is not killed
  }
  if (ended_) {  // wait(2): the signal in the lowest bits, above them the status of one that exited
    const auto code = static_cast<unsigned>(ended_->record.extra);
    const int killed_by = static_cast<int>(code & 0x7f);
    if (killed_by != 0) {
      end->signal = killed_by;
      end->exit_status.reset();
    } else {
      end->exit_status = static_cast<int>(code >> 8 & 0xff);
    }
  }
  return end;
}

Panics PanicAccount::totals() const {
  return {thrown_, recovered_, {}, end()};
}

std::vector<PanicRow> PanicAccount::rows() const {
  std::vector<PanicRow> out;
  for (const auto& [key, row] : rows_) out.push_back(row);
  return out;
}

}  // namespace gorotrace
