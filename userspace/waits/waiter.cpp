#include "waits/waiter.h"

#include <algorithm>
#include <string_view>

namespace gorotrace::waits {
namespace {

struct ReasonName {
  std::string_view text;
  Reason reason;
};
constexpr ReasonName kReasonNames[] = {
    {"chan receive", Reason::kReceive},
    {"chan send", Reason::kSend},
    {"chan receive (nil chan)", Reason::kNilReceive},
    {"chan send (nil chan)", Reason::kNilSend},
    {"select", Reason::kSelect},
    {"semacquire", Reason::kSemaphore},  // all of package sync up to 1.19, WaitGroup up to 1.23
    {"sync.Mutex.Lock", Reason::kMutex},
    {"sync.RWMutex.RLock", Reason::kRWMutexRead},
    {"sync.RWMutex.Lock", Reason::kRWMutexWrite},
    {"sync.WaitGroup.Wait", Reason::kWaitGroup},
    {"sync.Cond.Wait", Reason::kCond},
    {"sleep", Reason::kSleep},
    {"IO wait", Reason::kIo},
};
// In a testing/synctest bubble: 1.24, since 1.25.
constexpr std::string_view kBubble[] = {" (synctest)", " (durable)"};

}  // namespace

std::vector<Reason> classify_reasons(const std::vector<std::string>& names) {
  std::vector<Reason> out;
  for (const std::string_view full : names) {
    std::string_view name = full;
    for (const std::string_view suffix : kBubble) {
      if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    }
    const auto* const found = std::find_if(std::begin(kReasonNames), std::end(kReasonNames),
                                           [&](const ReasonName& n) { return n.text == name; });
    out.push_back(found == std::end(kReasonNames) ? Reason::kNone : found->reason);
  }
  return out;
}

std::unexpected<Error> gone() {
  return fail(ErrorKind::kNoProcess, "the process is gone: it ended while its waits were read");
}

}  // namespace gorotrace::waits
