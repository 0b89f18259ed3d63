#include "session/last_dump.h"

#include <fmt/format.h>

#include <utility>

namespace gorotrace {

LastDump::LastDump(std::shared_ptr<Target> target, StandingWaits standing, LookWorkers& workers,
                   WaitsWanted waits)
    : target_(std::move(target)), standing_(std::move(standing)) {
  const auto dump = std::make_shared<std::promise<Result<Dump>>>();
  dump_ = dump->get_future();
  workers.add(
      user_at_work(target_->process().pid()),
      [target = target_, waits, dump](const std::stop_token& stop) {
        dump->set_value(take_dump(*target, waits, stop));
      },
      stop_);
}

bool LastDump::ready(std::chrono::nanoseconds patience) const {
  return dump_.wait_for(patience) == std::future_status::ready;
}

Result<Dump> LastDump::take() {
  constexpr std::chrono::seconds kPatience(1);
  stop_.request_stop();
  if (!ready(kPatience)) {
    return fail(ErrorKind::kFailed,
                fmt::format("process {} holds up whoever reads its memory", target_->process().pid()));
  }
  return dump_.get();
}

void LastDump::know_waits(Dump& dump, const OpenWaits& open) const {
  dump.known_waits = known_waits(dump.snapshot, standing_.waits, standing_.moves, open);
}

}  // namespace gorotrace
