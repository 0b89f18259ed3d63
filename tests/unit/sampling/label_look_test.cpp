// Values of one label: read once for each set, and only while its goroutine has it.
#include "sampling/label_look.h"

#include <gtest/gtest.h>

#include "../snapshot/forged_runtime.h"

namespace gorotrace {
namespace {

constexpr std::uint64_t kSet = 0x800000, kOther = 0x801000, kList = 0x802000, kText = 0x803000;

struct Labelled : testing::ForgedRuntime {
  LabelSubject subject{.key = "tenant", .layout = {}};
  LabelValues values;

  Labelled() {
    config.offsets.g_labels = 360;
    subject.layout.offsets = config.offsets;
    memory.put(kText, "tenantacmezeta", 14);
    set(kSet, kList, kText + 6);
    set(kOther, kList + 0x100, kText + 10);
  }
  void set(std::uint64_t at, std::uint64_t list, std::uint64_t value) {
    memory.words(at, {list, 1, 1});
    memory.words(list, {kText, 6, value, 4});
  }
  GoroutineSnapshot with(std::uint64_t goid, std::uint64_t labels) {
    GoroutineSnapshot g;
    g.goid = goid;
    g.g = add(goid);
    g.labels = labels;
    word(g.g, config.offsets.g_labels, labels);
    return g;
  }
};

TEST(LabelLook, ValuesByGoroutine) {
  Labelled f;
  LabelLook look(f.memory, f.subject, f.values);
  const LabelId acme = look.of(f.with(1, kSet)), zeta = look.of(f.with(2, kOther));
  EXPECT_EQ(f.values.take_new(), (std::vector<LabelValue>{{acme, "acme"}, {zeta, "zeta"}}));
  EXPECT_EQ(look.of(f.with(3, kSet)), acme);
  EXPECT_EQ(look.of(f.with(4, 0)), kLabelNone);
  EXPECT_EQ(look.of(f.with(5, 0xdead000)), kLabelNotRead);
  f.subject.key = "user";
  LabelLook of_another_key(f.memory, f.subject, f.values);
  EXPECT_EQ(of_another_key.of(f.with(6, kSet)), kLabelNone);
}

TEST(LabelLook, ASetThatWasGivenUpMayBeAnotherOne) {
  Labelled f;
  const GoroutineSnapshot moved = f.with(1, kSet), reborn = f.with(2, kSet), stays = f.with(3, kSet);
  f.word(moved.g, f.config.offsets.g_labels, kOther);
  f.word(reborn.g, f.config.offsets.g_goid, 77);
  LabelLook look(f.memory, f.subject, f.values);
  EXPECT_EQ(look.of(moved), kLabelNotRead);
  EXPECT_EQ(look.of(reborn), kLabelNotRead);
  EXPECT_EQ(label_known(look.of(stays)), LabelKnown::kValue);
}

}  // namespace
}  // namespace gorotrace
