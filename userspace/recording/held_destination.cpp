#include "recording/held_destination.h"

#include <unistd.h>

#include <cerrno>

namespace gorotrace {

Status HeldDestination::add(std::string_view bytes) {
  if (!goes_on_) {
    held_ += bytes;
    return {};
  }
  if (!file_) {
    if (::ftruncate(claimed_.fd(), 0) != 0) return fail_errno(errno, "cannot empty the capture file");
    file_ = file_destination(claimed_.take());
  }
  if (!held_.empty()) {
    if (auto written = file_->begin(held_); !written) return written;  // tried again with the next one
    held_ = {};
  }
  return file_->begin(bytes);
}

}  // namespace gorotrace
