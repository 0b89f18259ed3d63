// A router and a model sink as a session has them, in front of a target that exists on paper.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "../model/trace.h"
#include "model/target_id.h"
#include "stream/model_sink.h"
#include "stream/router.h"

namespace gorotrace {

// Knows every stack but those it was told to forget; the whole of a suspended goroutine's is another one.
class PaperSource : public TargetSource {
 public:
  std::optional<StackPcs> stack(std::uint64_t id) override {
    ++asked[id];
    if (id == unknown) return std::nullopt;
    return StackPcs{{0x401000 + id}, false};
  }
  std::optional<WholeStack> whole(const StackPcs& walked, std::uint64_t at_sp, std::uint64_t above) override {
    if (at_sp == 0) return std::nullopt;
    StackPcs pcs = walked;
    pcs.pcs.push_back(at_sp);
    return WholeStack{walked.pcs[0] + at_sp + above, std::move(pcs)};
  }
  // Likewise, below the first.
  std::optional<WholeStack> interrupted(const StackPcs& walked, std::uint64_t caller,
                                        std::uint64_t pushed) override {
    if (caller == kNoCaller) return std::nullopt;
    caller += pushed;
    StackPcs pcs = walked;
    pcs.pcs.push_back(caller);
    return WholeStack{walked.pcs[0] + caller, std::move(pcs)};
  }
  static constexpr std::uint64_t kNoCaller = 99;
  // Gives each once, as the kernel's map does.
  std::optional<PanicValue> value(std::uint64_t id) override {
    const auto found = values.find(id);
    if (found == values.end()) return std::nullopt;
    PanicValue out = found->second;
    values.erase(found);
    return out;
  }
  FunctionDescribed function(std::uint64_t startpc) override {
    return {.startpc = startpc, .name = "main.f", .system = startpc == kSystemStart};
  }
  std::uint64_t unknown = 0;  // id
  std::map<std::uint64_t, PanicValue> values;
  std::map<std::uint64_t, std::uint64_t> asked;  // read when the router is gone
};

constexpr TargetId kOne = target_id(1, 7), kTwo = target_id(2, 1);

// Keeps a stream.
class MemorySink : public ItemSink {
 public:
  void push(std::shared_ptr<const Batch> batch) override {
    const std::lock_guard lock(mutex_);
    batches_.push_back(std::move(batch));
  }
  [[nodiscard]] std::vector<std::shared_ptr<const Batch>> batches() const {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  template <typename What>
  [[nodiscard]] std::vector<Item> all() const {
    std::vector<Item> out;
    for (const auto& batch : batches()) {
      for (const Item& item : batch->items) {
        if (std::holds_alternative<What>(item.what)) out.push_back(item);
      }
    }
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const Batch>> batches_;
};

class StreamTest : public ::testing::Test {
 protected:
  void begin(TargetId target, const std::string& label_key = "") {
    router.begin(
        target,
        {.host_pid = 0, .start_time_ticks = 0, .exe = {}, .wait_reasons = kReasons, .label_key = label_key},
        source);
    for (int g = 0; g <= GT_GROUP_RUN; ++g)
      router.post({target, 1000, GroupChanged{static_cast<gt_group>(g), true}});
  }
  gt_record numbered(gt_record r, std::uint16_t cpu, TargetId target = kOne) {
    r.target = slot_of(target);
    r.generation = generation_of(target);
    r.cpu = cpu;
    r.seq = next_seq[cpu]++;
    return r;
  }
  void push(std::vector<std::vector<gt_record>> rings, std::uint64_t watermark,
            std::optional<DropCounts> dropped = std::nullopt) {
    router.push({std::move(rings), watermark, std::move(dropped)});
  }
  static DropCounts drops(std::uint64_t total, std::uint64_t at_ns) {
    return {.of = {{kOne, total}}, .at_ns = at_ns};
  }
  Tables ask(Ask what, TargetId target, std::uint64_t at_ns) {
    const auto answers = models.ask(at_ns, what, {target}, patience);
    EXPECT_TRUE(answers) << answers.error().message;
    return answers->contains(target) ? *answers->at(target).tables : Tables{};
  }
  Tables tables(TargetId target, std::uint64_t at_ns) { return ask(Ask::kTables, target, at_ns); }
  Tables totals(TargetId target, std::uint64_t at_ns) { return ask(Ask::kTotals, target, at_ns); }

  std::chrono::milliseconds patience = ModelSink::kPatience;
  PaperSource source;
  MemorySink memory;
  ModelSink models;
  Router router{{&memory, &models}};  // in this order: what an answer rests on is kept by then
  std::array<std::uint32_t, 8> next_seq{};
};

}  // namespace gorotrace
