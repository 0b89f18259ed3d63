#include "session/census_share.h"

namespace gorotrace {

void CensusShare::divide() {
  for (CensusTaker* taker : running_) taker->set_share(cpu_ / static_cast<double>(running_.size()));
}

Result<std::uint64_t> CensusShare::start(CensusTaker& taker) {
  auto from = taker.start(cpu_ / static_cast<double>(running_.size() + 1));
  if (from) running_.push_back(&taker);
  divide();
  return from;
}

std::uint64_t CensusShare::stop(CensusTaker& taker) {
  std::erase(running_, &taker);
  const std::uint64_t to = taker.stop();
  divide();
  return to;
}

}  // namespace gorotrace
