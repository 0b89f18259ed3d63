#include "export/perfetto_packets.h"

#include <array>
#include <protozero/pbf_builder.hpp>
#include <utility>

namespace gorotrace {
namespace {

using Tag = protozero::pbf_tag_type;
enum class Trace : Tag { kPacket = 1 };
enum class Packet : Tag {
  kClockSnapshot = 6,
  kTimestamp = 8,
  kSequence = 10,
  kTrackEvent = 11,
  kInternedData = 12,
  kSequenceFlags = 13,
  kDefaults = 59,
  kTrackDescriptor = 60
};
enum class Defaults : Tag { kClock = 58 };
enum class Clocks : Tag { kClock = 1, kPrimary = 2 };
enum class Clock : Tag { kId = 1, kTimestamp = 2 };
enum class Descriptor : Tag { kUuid = 1, kName = 2, kProcess = 3, kParent = 5, kCounter = 8 };
enum class ProcessTag : Tag { kPid = 1, kName = 6 };
enum class TrackEvent : Tag {
  kCategoryIid = 3,
  kAnnotation = 4,
  kType = 9,
  kNameIid = 10,
  kTrack = 11,
  kCounterValue = 30,
  kFlow = 47,
  kTerminatingFlow = 48
};
enum class Annotation : Tag { kNameIid = 1, kStringIid = 17 };
enum class Interned : Tag { kCategory = 1, kName = 2, kAnnotationName = 3, kAnnotationString = 29 };
enum class Entry : Tag { kIid = 1, kText = 2 };

constexpr std::uint32_t kSequence = 1, kStateCleared = 1, kNeedsState = 2;  // TracePacket.SequenceFlags
constexpr std::uint32_t kRealtime = 1, kMonotonic = 3;                      // BuiltinClock
constexpr int kSliceBegin = 1, kSliceEnd = 2, kInstant = 3, kCounter = 4;   // TrackEvent.Type
constexpr std::uint64_t kStackAnnotation = 1;
constexpr std::size_t kWrittenAtOnce = 256u << 10;

}  // namespace

void PerfettoPackets::packet(std::string_view data) {
  protozero::pbf_builder<Trace> trace(written_);
  trace.add_message(Trace::kPacket, data.data(), data.size());
  if (written_.size() > kWrittenAtOnce) flush();
}

void PerfettoPackets::flush() {
  if (!written_.empty()) sink_(written_);
  written_.clear();
}

void PerfettoPackets::begin(const ClockPair& clocks) {
  packet_.clear();
  {
    protozero::pbf_builder<Packet> out(packet_);
    out.add_uint32(Packet::kSequence, kSequence);
    protozero::pbf_builder<Clocks> snapshot(out, Packet::kClockSnapshot);
    for (const auto& [id, ns] :
         std::array{std::pair{kMonotonic, clocks.monotonic_ns},
                    std::pair{kRealtime, static_cast<std::uint64_t>(clocks.realtime_ns)}}) {
      protozero::pbf_builder<Clock> clock(snapshot, Clocks::kClock);
      clock.add_uint32(Clock::kId, id);
      clock.add_uint64(Clock::kTimestamp, ns);
    }
    snapshot.add_uint32(Clocks::kPrimary, kMonotonic);
  }
  packet(packet_);
  packet_.clear();
  {
    protozero::pbf_builder<Packet> out(packet_);
    out.add_uint32(Packet::kSequence, kSequence);
    out.add_uint32(Packet::kSequenceFlags, kStateCleared);
    {
      protozero::pbf_builder<Defaults> defaults(out, Packet::kDefaults);
      defaults.add_uint32(Defaults::kClock, kMonotonic);
    }
    protozero::pbf_builder<Interned> interned(out, Packet::kInternedData);
    protozero::pbf_builder<Entry> entry(interned, Interned::kAnnotationName);
    entry.add_uint64(Entry::kIid, kStackAnnotation);
    entry.add_string(Entry::kText, "stack");
  }
  packet(packet_);
}

template <typename Write>
void PerfettoPackets::describe(std::uint64_t track, const Write& write) {
  packet_.clear();
  {
    protozero::pbf_builder<Packet> out(packet_);
    out.add_uint32(Packet::kSequence, kSequence);
    protozero::pbf_builder<Descriptor> descriptor(out, Packet::kTrackDescriptor);
    descriptor.add_uint64(Descriptor::kUuid, track);
    write(descriptor);
  }
  packet(packet_);
}

void PerfettoPackets::process(std::uint64_t track, int pid, std::string_view name) {
  describe(track, [&](auto& descriptor) {
    protozero::pbf_builder<ProcessTag> process(descriptor, Descriptor::kProcess);
    process.add_int32(ProcessTag::kPid, pid);
    process.add_string(ProcessTag::kName, name.data(), name.size());
  });
}

void PerfettoPackets::track(std::uint64_t track, std::uint64_t parent, std::string_view name) {
  describe(track, [&](auto& descriptor) {
    if (parent != 0) descriptor.add_uint64(Descriptor::kParent, parent);
    descriptor.add_string(Descriptor::kName, name.data(), name.size());
  });
}

void PerfettoPackets::counter(std::uint64_t track, std::uint64_t parent, std::string_view name) {
  describe(track, [&](auto& descriptor) {
    descriptor.add_uint64(Descriptor::kParent, parent);
    descriptor.add_string(Descriptor::kName, name.data(), name.size());
    descriptor.add_message(Descriptor::kCounter, "", 0);
  });
}

std::uint64_t PerfettoPackets::interned(Intern what, std::string_view text) {
  Table& table = what == Intern::kName ? names_ : what == Intern::kCategory ? categories_ : stacks_;
  const auto [found, fresh] = table.numbers.try_emplace(std::string(text), table.numbers.size() + 1);
  if (!fresh) return found->second;
  part_.clear();
  {
    protozero::pbf_builder<Packet> out(part_);
    out.add_uint32(Packet::kSequence, kSequence);
    out.add_uint32(Packet::kSequenceFlags, kNeedsState);
    protozero::pbf_builder<Interned> data(out, Packet::kInternedData);
    protozero::pbf_builder<Entry> entry(data, what == Intern::kName       ? Interned::kName
                                              : what == Intern::kCategory ? Interned::kCategory
                                                                          : Interned::kAnnotationString);
    entry.add_uint64(Entry::kIid, found->second);
    entry.add_string(Entry::kText, text.data(), text.size());
  }
  packet(part_);
  return found->second;
}

std::uint64_t PerfettoPackets::stack(std::string_view text) {
  return interned(Intern::kStack, text);
}

void PerfettoPackets::event(int type, const Event& event) {
  const std::uint64_t name = event.name.empty() ? 0 : interned(Intern::kName, event.name);
  const std::uint64_t category = event.category.empty() ? 0 : interned(Intern::kCategory, event.category);
  packet_.clear();
  {
    protozero::pbf_builder<Packet> out(packet_);
    out.add_uint64(Packet::kTimestamp, event.at_ns);
    out.add_uint32(Packet::kSequence, kSequence);
    out.add_uint32(Packet::kSequenceFlags, kNeedsState);
    protozero::pbf_builder<TrackEvent> told(out, Packet::kTrackEvent);
    told.add_enum(TrackEvent::kType, type);
    told.add_uint64(TrackEvent::kTrack, event.track);
    if (name != 0) told.add_uint64(TrackEvent::kNameIid, name);
    if (category != 0) told.add_uint64(TrackEvent::kCategoryIid, category);
    if (event.flow_from != 0) told.add_fixed64(TrackEvent::kFlow, event.flow_from);
    if (event.flow_to != 0) told.add_fixed64(TrackEvent::kTerminatingFlow, event.flow_to);
    if (event.stack != 0) {
      protozero::pbf_builder<Annotation> annotation(told, TrackEvent::kAnnotation);
      annotation.add_uint64(Annotation::kNameIid, kStackAnnotation);
      annotation.add_uint64(Annotation::kStringIid, event.stack);
    }
  }
  packet(packet_);
}

void PerfettoPackets::slice_begins(const Event& told) {
  event(kSliceBegin, told);
}

void PerfettoPackets::slice_ends(std::uint64_t track, std::uint64_t at_ns) {
  event(kSliceEnd, {.track = track, .at_ns = at_ns});
}

void PerfettoPackets::instant(const Event& told) {
  event(kInstant, told);
}

void PerfettoPackets::count(std::uint64_t track, std::uint64_t at_ns, std::uint64_t value) {
  packet_.clear();
  {
    protozero::pbf_builder<Packet> out(packet_);
    out.add_uint64(Packet::kTimestamp, at_ns);
    out.add_uint32(Packet::kSequence, kSequence);
    out.add_uint32(Packet::kSequenceFlags, kNeedsState);
    protozero::pbf_builder<TrackEvent> told(out, Packet::kTrackEvent);
    told.add_enum(TrackEvent::kType, kCounter);
    told.add_uint64(TrackEvent::kTrack, track);
    told.add_int64(TrackEvent::kCounterValue, static_cast<std::int64_t>(value));
  }
  packet(packet_);
}

}  // namespace gorotrace
