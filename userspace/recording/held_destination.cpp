#include "recording/held_destination.h"

namespace gorotrace {

Status HeldDestination::add(const ChunkHeader* header, std::string_view bytes) {
  if (!goes_on_) {
    held_ += bytes;
    return {};
  }
  if (!file_) {
    if (auto anew = claimed_.begin_anew(); !anew) return anew;
    file_ = file_destination(claimed_.take());
  }
  if (!held_.empty()) {
    if (auto written = file_->begin(held_); !written) return written;  // tried again with the next one
    held_ = {};
  }
  return header == nullptr ? file_->begin(bytes) : file_->put(*header, bytes);
}

}  // namespace gorotrace
