// All members of each struct that a capture file holds, by which tests fill and compare them. One that is
// added to a struct does not compile here until it is named, nor in the codec: a test that then fails for it
// says that its field is missing.
#pragma once

#include <concepts>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "recording/file_item.h"

namespace gorotrace {

template <typename T, typename Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

auto members(Is<Advanced> auto&) {
  return std::tie();
}
auto members(Is<TargetEnded> auto&) {
  return std::tie();
}
auto members(Is<TargetGone> auto&) {
  return std::tie();
}
auto members(Is<TargetBegun> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<gt_record> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
}
auto members(Is<Records> auto& x) {
  auto& [a] = x;
  return std::tie(a);
}
auto members(Is<StackPcs> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<StackDefined> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<FunctionDescribed> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<GoroutineSnapshot> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, y, z, a1, b1, c1, d1, e1, f1,
         g1] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, y, z, a1, b1, c1, d1,
                  e1, f1, g1);
}
auto members(Is<SnapshotCounts> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
}
auto members(Is<LabelValue> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<Snapshot> auto& x) {
  auto& [a, stacks, b, c] = x;  // stacks: not in the stream
  return std::tie(a, b, c);
}
auto members(Is<SeenObject> auto& x) {
  auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
auto members(Is<SeenObjects> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<RuntimeCounters> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j);
}
auto members(Is<CountersRead> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<GroupChanged> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<CostCharged> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<Loss> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<BlockingKey> auto& x) {
  auto& [a, b, c, d, e, f] = x;
  return std::tie(a, b, c, d, e, f);
}
auto members(Is<SampleSite> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<SampleClasses> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<Standing> auto& x) {
  auto& [a, b, c, d, e, f, g] = x;
  return std::tie(a, b, c, d, e, f, g);
}
auto members(Is<Place> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<SampleChange> auto& x) {
  auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
auto members(Is<ClassCount> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<SampleTick> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m);
}
auto members(Is<SamplesLost> auto& x) {
  auto& [a] = x;
  return std::tie(a);
}
auto members(Is<SamplingEnded> auto& x) {
  auto& [a] = x;
  return std::tie(a);
}
auto members(Is<Frame> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i] = x;
  return std::tie(a, b, c, d, e, f, g, h, i);
}
auto members(Is<FramesNamed> auto& x) {
  auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
auto members(Is<ExecutableMapping> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<MappingsTold> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<ClockPair> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<WindowKept> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<TargetFacts> auto& x) {
  auto& [a, b, c, d, e, f, g] = x;
  return std::tie(a, b, c, d, e, f, g);
}
auto members(Is<CostFacts> auto& x) {
  auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
auto members(Is<SharedProbes> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<std::pair<std::string, std::uint64_t>> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<EventFacts> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<Detachment> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<Phases> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<SamplingFacts> auto& x) {
  auto& [a, b, c, d, e, f, g] = x;
  return std::tie(a, b, c, d, e, f, g);
}
auto members(Is<TrapCosts> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<CrossCheck::Totals> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<CrossCheck> auto& x) {
  auto& [a, b, c, d, e, f] = x;
  return std::tie(a, b, c, d, e, f);
}
auto members(Is<Interval> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<RuntimeLatency> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<StatFacts> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w);
}
auto members(Is<FactsTold> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<ObjectKey> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<OpenStay> auto& x) {
  auto& [a, b, c, d] = x;
  return std::tie(a, b, c, d);
}
auto members(Is<OpenLabels> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<OpenGoroutine> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
}
auto members(Is<OpenCreation> auto& x) {
  auto& [a, b, c, d, e, f] = x;
  return std::tie(a, b, c, d, e, f);
}
auto members(Is<OpenObject> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<OpenState::Group> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<OpenState::Exit> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<PanicValue> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<ValueDefined> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<OpenPanic> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<PauseSpan> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<OpenPauses::Pause> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<OpenPauses::Collection> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<OpenPauses> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}
auto members(Is<OpenState> auto& x) {
  auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = x;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
}
auto members(Is<Checkpoint> auto& x) {
  auto& [a, b, c, d, e] = x;
  return std::tie(a, b, c, d, e);
}
auto members(Is<CheckpointTold> auto& x) {
  auto& [a, b] = x;
  return std::tie(a, b);
}
auto members(Is<Item> auto& x) {
  auto& [a, b, c] = x;
  return std::tie(a, b, c);
}

}  // namespace gorotrace
