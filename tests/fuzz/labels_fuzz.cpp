// Goroutine labels: lists and, before Go 1.24, maps.
#include "waits_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gorotrace::fuzz::Input input(data, size);
  gorotrace::fuzz::read_waits(input, gorotrace::WaitReader::Find::kLabels);
  return 0;
}
