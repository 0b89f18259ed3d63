#include "symbols/frame_table.h"

#include <string>

#include "base/text.h"

namespace gorotrace {
namespace {

std::size_t bytes_of(const std::vector<Frame>& frames) {
  std::size_t bytes = frames.capacity() * sizeof(Frame);
  for (const Frame& f : frames)
    bytes += f.function.capacity() + f.file.capacity() + f.type_arguments.capacity();
  return bytes;
}

}  // namespace

PcLookup pclntab_lookup(const Pclntab& pclntab) {
  return {
      .frames = [&pclntab](std::uint64_t pc) { return pclntab.frames(pc); },
      .entry = [&pclntab](std::uint64_t pc) -> std::optional<std::uint64_t> {
        const auto function = pclntab.function_at(pc);
        return function ? std::optional(function->entry) : std::nullopt;
      },
  };
}

PcLookup modules_lookup(const Modules& modules) {
  const std::uint64_t bias = modules.first().bias;
  return {
      .frames = [&modules, bias](std::uint64_t pc) { return modules.frames(pc + bias); },
      .entry = [&modules, bias](std::uint64_t pc) -> std::optional<std::uint64_t> {
        const auto function = modules.function_at(pc + bias);
        return function ? std::optional(function->entry - bias) : std::nullopt;
      },
  };
}

const std::vector<Frame>* FrameTable::at(std::uint64_t link_pc) {
  const std::lock_guard lock(mutex_);
  if (const auto it = frames_.find(link_pc); it != frames_.end())
    return it->second.empty() ? nullptr : &it->second;
  if (frames_.size() >= kMaxPcs || bytes_ >= max_bytes_) return nullptr;
  std::vector<Frame> frames = lookup_.frames(link_pc);
  if (!frames.empty() && frames.back().function.empty()) frames.clear();
  for (Frame& frame : frames) {
    frame.function = printable(frame.function, kMaxName);
    frame.file = printable(frame.file, kMaxName);
    frame.type_arguments = printable(frame.type_arguments, kMaxName);
  }
  bytes_ += bytes_of(frames);
  const auto it = frames_.emplace(link_pc, std::move(frames)).first;
  return it->second.empty() ? nullptr : &it->second;
}

bool FrameTable::full() const {
  const std::lock_guard lock(mutex_);
  return frames_.size() >= kMaxPcs || bytes_ >= max_bytes_;
}

std::size_t FrameTable::size() const {
  const std::lock_guard lock(mutex_);
  return frames_.size();
}

}  // namespace gorotrace
