// The items of a capture file as lines of text, one for each record: for people, and for tests. Pure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recording/file_item.h"
#include "report/stack_numbers.h"

namespace gorotrace {

class ItemText {
 public:
  // Gets whole lines.
  explicit ItemText(std::function<void(std::string)> out) : out_(std::move(out)) {}

  void item(const FileItem& item);
  void gap();  // a part of the file could not be read

 private:
  struct Target {
    pid_t pid = 0;
    std::vector<std::string> wait_reasons;
    StackNumbers stacks;
  };
  void line(std::uint64_t at_ns, TargetId target, const std::string& text);
  void of(const Item& item);
  void of(const FramesNamed& named);
  void of(const FactsTold& told);
  void of(const CheckpointTold& told);
  void of(const ClockPair& clocks);
  void of(const MappingsTold& told);
  void of(const WindowKept& kept);
  [[nodiscard]] std::string record_text(Target& target, const gt_record& record);
  [[nodiscard]] std::string reason(const Target& target, unsigned reason) const;

  std::function<void(std::string)> out_;
  std::map<TargetId, Target> targets_;
  std::optional<std::uint64_t> first_ns_;
};

}  // namespace gorotrace
