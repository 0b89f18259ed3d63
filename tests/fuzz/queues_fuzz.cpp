// What goroutines wait on: sudogs, channels, the table of semaphores, and every object behind them.
#include "waits_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gorotrace::fuzz::Input input(data, size);
  const auto find = (input.take<std::uint8_t>() & 1) != 0 ? gorotrace::WaitReader::Find::kQueues
                                                          : gorotrace::WaitReader::Find::kHolders;
  gorotrace::fuzz::read_waits(input, find);
  return 0;
}
