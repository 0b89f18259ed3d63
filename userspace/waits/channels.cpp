#include "waits/channels.h"

#include <algorithm>

#include "base/seeded_hash.h"
#include "waits/batch.h"
#include "waits/sudog.h"

namespace gorotrace::waits {
namespace {

// reflect.Select allows 65536 cases (reflect/value.go), a select statement no more (runtime/select.go
// selectgo).
constexpr std::size_t kMaxCases = 65536;
constexpr std::size_t kMaxQueued = 8u << 20;  // of all goroutines
// Sudogs in a queue that belong to no goroutine of the snapshot are stepped over, this many in all.
constexpr std::size_t kMaxForeign = 4096;

struct Queued {  // a sudog that some waiter owns
  Sudog sudog;
  std::uint32_t waiter = 0, object = 0;  // indices: of waiters, of Waiter::objects
};

struct Channel {
  ChannelWait::State state;
  bool readable = false;
  bool ask_queues = false;  // a select waits here: only the queues know in which direction
  std::size_t queued = 0;   // sudogs of waiters
  std::uint64_t timer = 0, receivers_first = 0, senders_first = 0;
  std::optional<ChannelWait::Timer> timer_state;
  std::uint32_t receivers = 0, senders = 0, unknown = 0;
};

class ChannelFinder {
 public:
  ChannelFinder(const Context& context, std::span<Waiter> waiters)
      : memory_(context.memory), o_(context.config.offsets), waiters_(waiters), batch_(context.memory) {}

  Status run() {
    if (o_.g_waiting == kAbsent || sudog_channel_at(o_) == kAbsent) return {};
    if (!follow_lists() || !read_channels() || !read_timers()) return gone();
    for (const auto& [address, channel] : channels_) {
      if (!channel.ask_queues) continue;
      walk_queue(address, channel, channel.receivers_first, ChannelDirection::kReceive);
      walk_queue(address, channel, channel.senders_first, ChannelDirection::kSend);
    }
    tally();
    return {};
  }

 private:
  struct Step {
    std::uint32_t waiter;
    std::uint64_t sudog;
  };

  ChannelWait& wait(const Queued& q) {
    return std::get<ChannelWait>(waiters_[q.waiter].objects[q.object].what);
  }

  bool follow_lists() {
    std::vector<Step> steps, following;
    for (std::uint32_t i = 0; i < waiters_.size(); ++i) {
      Waiter& w = waiters_[i];
      switch (w.reason) {
        case Reason::kReceive:
        case Reason::kSend:
        case Reason::kSelect:
          if (w.words.waiting != 0) {
            steps.push_back({i, w.words.waiting});
          } else if (w.reason == Reason::kSelect) {
            nowhere(w, std::nullopt);  // selectgo leaves out nil channels: all of them were
          }
          break;
        case Reason::kNilReceive:
          nowhere(w, ChannelDirection::kReceive);
          break;
        case Reason::kNilSend:
          nowhere(w, ChannelDirection::kSend);
          break;
        default:
          break;
      }
    }
    queued_.reserve(std::min(steps.size(), kMaxQueued));
    while (!steps.empty()) {
      following.clear();
      const bool alive = in_parts(steps.size(), kPart, [&](std::size_t first, std::size_t count) {
        const auto sudog = [&](std::size_t i) { return steps[first + i].sudog; };
        if (!batch_.read(count, sudog, sudog_window(o_))) return false;
        for (std::size_t i = 0; i < count; ++i) take(steps[first + i], batch_.at(i), following);
        return true;
      });
      if (!alive) return false;
      std::swap(steps, following);
    }
    return true;
  }

  static void nowhere(Waiter& w, std::optional<ChannelDirection> direction) {
    ChannelWait wait;
    wait.direction = direction;
    wait.in_select = !direction;
    w.objects.push_back({Certainty::kLikely, "wait reason", wait});
  }

  void take(const Step& step, Bytes bytes, std::vector<Step>& following) {
    Waiter& w = waiters_[step.waiter];
    const Sudog sudog = pick_sudog(bytes, o_);
    // Owned by this goroutine, and met for the first time: a list that runs in a circle ends here.
    if (bytes.empty() || sudog.g != w.g || sudog.channel == 0 || w.objects.size() >= kMaxCases ||
        queued_.size() >= kMaxQueued ||
        !queued_
             .try_emplace(step.sudog,
                          Queued{sudog, step.waiter, static_cast<std::uint32_t>(w.objects.size())})
             .second) {
      w.cut = true;
      return;
    }
    ChannelWait wait;
    wait.channel = sudog.channel;
    wait.in_select = w.reason == Reason::kSelect;
    if (w.reason == Reason::kReceive) wait.direction = ChannelDirection::kReceive;
    if (w.reason == Reason::kSend) wait.direction = ChannelDirection::kSend;
    w.objects.push_back({Certainty::kLikely, "g.waiting", wait});
    w.evidence.push_back({step.sudog + o_.sudog_g, w.g});
    w.evidence.push_back({step.sudog + sudog_channel_at(o_), sudog.channel});
    Channel& channel = channels_[sudog.channel];
    ++channel.queued;
    if (w.reason == Reason::kSelect) channel.ask_queues = true;
    if (w.reason == Reason::kSelect && sudog.waitlink != 0)
      following.push_back({step.waiter, sudog.waitlink});
  }

  template <typename Keep, typename Take>
  bool each_channel(Keep keep, std::size_t window, Take take) {
    std::vector<Channel*> chosen;
    std::vector<std::uint64_t> addresses;
    for (auto& [address, channel] : channels_) {
      if (const std::uint64_t at = keep(address, channel); at != 0) {
        chosen.push_back(&channel);
        addresses.push_back(at);
      }
    }
    return in_parts(chosen.size(), kPart, [&](std::size_t first, std::size_t count) {
      if (!batch_.read(std::span(addresses).subspan(first, count), window)) return false;
      for (std::size_t i = 0; i < count; ++i) {
        if (!batch_.at(i).empty()) take(*chosen[first + i], batch_.at(i));
      }
      return true;
    });
  }

  bool read_channels() {
    std::size_t window = 0;
    for (const std::uint16_t at : {o_.hchan_qcount, o_.hchan_dataqsiz, o_.hchan_closed, o_.hchan_timer,
                                   o_.hchan_recvq_first, o_.hchan_sendq_first}) {
      if (at != kAbsent) window = std::max<std::size_t>(window, at + 8u);
    }
    return each_channel([](std::uint64_t address, const Channel&) { return address; }, window,
                        [&](Channel& c, Bytes bytes) {
                          const auto word = [&](std::uint16_t at) {
                            return at == kAbsent ? 0 : load<std::uint64_t>(bytes, at).value_or(0);
                          };
                          c.state.length = word(o_.hchan_qcount);
                          c.state.capacity = word(o_.hchan_dataqsiz);
                          const auto closed = load<std::uint32_t>(bytes, o_.hchan_closed);
                          // closechan sets it to 1.
                          c.readable = closed && *closed <= 1 && c.state.length <= c.state.capacity;
                          c.state.closed = closed && *closed == 1;
                          c.timer = word(o_.hchan_timer);
                          if (c.readable && c.timer != 0)
                            c.timer_state = ChannelWait::Timer{};  // not read yet
                          c.receivers_first = word(o_.hchan_recvq_first);
                          c.senders_first = word(o_.hchan_sendq_first);
                        });
  }

  bool read_timers() {
    if (o_.hchan_timer == kAbsent || o_.timer_when == kAbsent || o_.timer_period == kAbsent) return true;
    std::size_t window = std::max(o_.timer_when, o_.timer_period) + 8u;
    if (o_.timer_isFake != kAbsent) window = std::max<std::size_t>(window, o_.timer_isFake + 1u);
    return each_channel([](std::uint64_t, const Channel& c) { return c.readable ? c.timer : 0; }, window,
                        [&](Channel& c, Bytes bytes) { c.timer_state = timer(bytes); });
  }

  [[nodiscard]] ChannelWait::Timer timer(Bytes bytes) const {
    const auto when = load<std::int64_t>(bytes, o_.timer_when);
    const auto period = load<std::int64_t>(bytes, o_.timer_period);
    // No timer has negative ones (runtime/time.go).
    if (!when || !period || *when < 0 || *period < 0) return {};
    if (o_.timer_isFake != kAbsent && load<std::uint8_t>(bytes, o_.timer_isFake) != 0)
      return {TimerState::kBubbleTime, std::nullopt, *period};
    if (*when == 0) return {TimerState::kFiredOrStopped, std::nullopt, *period};
    return {TimerState::kPending, memory_.clock().to_monotonic(*when), *period};
  }

  // Marks the cases that hang in this queue. It changes while it is walked: whatever is not met stays
  // unknown.
  void walk_queue(std::uint64_t address, const Channel& channel, std::uint64_t sudog,
                  ChannelDirection direction) {
    std::size_t bound = channel.queued + kMaxForeign;
    std::vector<std::uint8_t> bytes(sudog_window(o_));
    while (sudog != 0 && bound-- > 0) {
      const auto own = queued_.find(sudog);
      if (own == queued_.end()) {
        if (foreign_ == kMaxForeign || !memory_.read(sudog, bytes)) return;
        ++foreign_;
        const Sudog other = pick_sudog(bytes, o_);
        if (other.channel != address) return;
        sudog = other.next;
        continue;
      }
      if (own->second.sudog.channel != address) return;
      ChannelWait& w = wait(own->second);
      if (w.in_select) {
        if (w.direction) return;  // a circle, or the other queue's
        w.direction = direction;
      }
      sudog = own->second.sudog.next;
    }
  }

  void tally() {
    for (const auto& [address, q] : queued_) {
      const ChannelWait& w = wait(q);
      Channel& c = channels_[w.channel];
      ++(!w.direction ? c.unknown : *w.direction == ChannelDirection::kReceive ? c.receivers : c.senders);
    }
    for (const auto& [address, q] : queued_) {
      ChannelWait& w = wait(q);
      const Channel& c = channels_[w.channel];
      if (c.readable) w.state = c.state;
      w.timer = c.timer_state;
      w.receivers = c.receivers;
      w.senders = c.senders;
      w.unknown_direction = c.unknown;
    }
  }

  const Memory& memory_;
  const RuntimeOffsets& o_;
  std::span<Waiter> waiters_;
  Batch batch_;
  SeededMap<std::uint64_t, Queued> queued_;
  SeededMap<std::uint64_t, Channel> channels_;
  std::size_t foreign_ = 0;
};

}  // namespace

Status find_channels(const Context& context, std::span<Waiter> waiters) {
  return ChannelFinder(context, waiters).run();
}

}  // namespace gorotrace::waits
