// A capture file as JSON, an object on each line, in the order of the file: what happened, and what it names
// in front of it. Memory: names; not the file's size. Pure, one owner.
//
//   {"type":"target","target":1,"pid":4242,"exe":"/usr/bin/app"}       a process of the file
//   {"type":"stack","target":1,"stack":"s1","frames":[...]}            leaf first
//   {"type":"event","target":1,"at_ns":...,"event":"park","goid":7,"reason":"chan receive","stack":"s1",...}
//   {"type":"goroutine",...}  one that a look at memory showed     {"type":"counters",...}  the runtime's own
//   {"type":"group",...}      probes went on or off                {"type":"loss",...}      records were lost
//   {"type":"clocks",...}     at_ns by the calendar                {"type":"gap"}           damaged part
//   {"type":"ended",...}      the window of the target is over
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "base/seeded_hash.h"
#include "recording/file_item.h"
#include "recording/recorded_symbols.h"
#include "report/stack_numbers.h"

namespace gorotrace {

class ItemsJson {
 public:
  explicit ItemsJson(TextSink sink) : out_(std::move(sink)) {}

  void take(const FileItem& item);
  void gap();  // a part of the file could not be read
  [[nodiscard]] bool has_target() const { return !targets_.empty(); }

 private:
  struct Target {
    pid_t pid = 0;
    std::vector<std::string> wait_reasons;
    RecordedSymbols symbols;
    SeededMap<std::uint64_t, StackRef> stacks;
    SeededSet<std::uint64_t> told;                // stacks
    SeededMap<std::uint64_t, PanicValue> values;  // each is told in front of every record that names it
    StackNumbers numbers;
  };
  void of(const Item& item);
  void of(TargetId id, Target& target, const gt_record& record);
  void of(TargetId id, Target& target, const GoroutineSnapshot& g);
  void tell_stack(TargetId id, Target& target, std::uint64_t stack);
  template <typename Write>
  void line(const char* type, std::optional<TargetId> target, const Write& write);
  [[nodiscard]] static std::string reason(const Target& target, unsigned reason);
  void panic_fields(const Target& target, const gt_record& record);
  void start_field(Target& target, std::uint64_t startpc);

  JsonWriter out_;
  std::map<TargetId, Target> targets_;
};

}  // namespace gorotrace
