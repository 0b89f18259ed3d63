// What a model knows at a moment and needs to go on from there, as plain data: the checkpoint of a capture
// file's segment. No table and no count of what has been: a model that begins from it
// (Model::restore) tells of a window that begins at that moment. Everything is by value (a wait's row is its
// key, a creation site its go statement and start function), for positions in tables are of one model.
//
// Told the same from there on, it answers at each later moment T what delta() (model/delta.h) says of the
// whole's answers at at_ns and at T. A wait that was open at at_ns is in in_window from then on, and in the
// histograms with its whole length; a look at memory that proves more of the time before at_ns moves time
// between rows and states exactly as it does in that difference. But for:
// * The longest of a histogram. It is known here, and there to its bucket, unless it is the longest of all.
// * Wakers and releasers. They are counted here from nothing; the difference knows a waker that may have been
//   among the others as the least it can be. Sums are equal, and the lists are while the whole names all.
// * CreationLink::creator is "several" if those differ that live at at_ns or were made since.
// * ObjectRow::waiter_stack and waiter_reason, of an object on which nobody waits at at_ns: not known until
//   somebody does again.
// * A row of an object that the whole has dropped and made anew, or of which it has found that it was waited
//   on for less time: the difference takes all of it for new.
// * What did not fit into a table of the whole, which is full of rows from before at_ns (table_overflow,
//   rows_folded, origins in none): there is room for it here.
// * stacks_undefined, which is of the rows there are.
// * A look that began kExitGraceNs (reconcile.cpp) or more before at_ns and is told behind it: of goroutines
//   that it read before that moment, those that the model does not know are left to the next look.
// * Order of rows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bpf/shared/abi.h"
#include "model/blocking_rows.h"
#include "model/flat_index.h"
#include "model/model.h"
#include "model/panics.h"
#include "model/pause_tables.h"
#include "snapshot/label_values.h"

namespace gorotrace {

struct ObjectKey {
  ObjectRow::Kind kind = ObjectRow::Kind::kChannel;
  std::uint64_t address = 0;  // 0: none
  bool operator==(const ObjectKey&) const = default;
};

// A wait or system call that goes on, in the goroutine's state since OpenGoroutine::since_ns.
struct OpenStay {
  BlockingKey row;
  std::uint64_t from_ns = 0;  // its park, or a lower bound of it
  bool park_seen = false;     // from_ns is the park itself
  ObjectKey object;           // that it is booked at
  bool operator==(const OpenStay&) const = default;
};

// A goroutine's g.labels, as its parks have told without a break since since_ns, and what they say.
struct OpenLabels {
  std::uint64_t labels = 0;  // 0: it has none, or nothing is known
  std::uint64_t since_ns = 0;
  LabelId label = kLabelNotRead;
  bool operator==(const OpenLabels&) const = default;
};

// A goroutine that lives (model/goroutine_table.h); what a gap left unknown of it is unknown here.
struct OpenGoroutine {
  std::uint64_t goid = 0;
  std::uint64_t since_ns = 0;           // in `state` since
  std::uint64_t last_ns = 0;            // last event, 0 = none
  std::uint64_t created_ns = 0;         // or first seen
  std::uint64_t gopc = 0, startpc = 0;  // creation site; both 0: not known
  GState state = GState::kUnknown;
  bool created_seen = false;   // created_ns is the creation, not the first sight
  bool counted = false;        // it is in the whole's Tables::created
  bool from_memory = false;    // the state was read from memory, no event confirmed it
  bool woken = false;          // runnable because of a wake-up that was seen
  bool system = false;         // the runtime's own
  bool of_c_thread = false;    // runtime/proc.go needm
  bool in_last_look = false;   // the last look at memory saw it, if there was one
  std::uint32_t made = kNone;  // how: position in OpenState::lineage; kNone: not known
  std::optional<OpenStay> wait;
  std::uint64_t semaphore = 0;  // that it last wanted; 0: none
  OpenLabels labels;            // with ModelConfig::by_label
  bool operator==(const OpenGoroutine&) const = default;
};

// A go statement that made a goroutine that lives, or a creator of one (model/lineage.h).
struct OpenCreation {
  std::uint64_t goid = 0;               // that was made
  std::uint64_t creator = 0;            // goid; 0 = the runtime, or not known
  std::uint64_t stack = 0;              // the creator's; 0 = not seen
  std::uint64_t gopc = 0, startpc = 0;  // creation site
  std::uint32_t up = kNone;             // position of the one that made the creator, lower than its own
  bool operator==(const OpenCreation&) const = default;
};

// Of an object that goroutines wait for: ObjectRow::waiter_stack and waiter_reason.
struct OpenObject {
  ObjectKey key;
  std::uint64_t waiter_stack = 0;
  std::uint8_t waiter_reason = 0;
  bool operator==(const OpenObject&) const = default;
};

struct OpenState {
  struct Group {
    bool on = false;
    std::uint64_t since_ns = 0;  // nothing was lost since
    bool operator==(const Group&) const = default;
  };
  struct Exit {
    std::uint64_t goid = 0, at_ns = 0;
    bool operator==(const Exit&) const = default;
  };
  std::uint64_t at_ns = 0;
  std::uint64_t told_ns = 0;                    // the latest that the model was told of
  std::uint64_t lossy_until_ns = 0;             // Model::gap
  std::optional<std::uint64_t> window_from_ns;  // when the first group went on, or the first look began
  std::optional<std::uint64_t> last_look_ns;    // when the last look began
  bool all_looked_at = false;                   // Tables::looked
  std::uint64_t extra_made = 0;                 // SnapshotCounts::extra at the last whole look
  std::array<Group, GT_GROUP_COUNT> groups{};
  std::vector<Exit> exits;                   // of late, by time and goid
  std::uint64_t exits_complete_from_ns = 0;  // all since then are among them
  std::vector<std::uint64_t> system_starts;  // start functions of the runtime's own goroutines, ascending
  std::vector<LabelValue> label_values;      // that rows may name, by id
  std::vector<OpenGoroutine> goroutines;     // by goid
  std::vector<OpenCreation> lineage;
  std::vector<OpenObject> objects;
  std::vector<OpenPanic> panics;  // by time
  OpenPauses pauses;

  // The stacks that are named, some more than once. Whoever restores a model defines them first.
  template <typename Visit>
  void each_stack(const Visit& visit) const {
    const auto named = [&visit](std::uint64_t stack) {
      if (stack != 0) visit(stack);
    };
    for (const OpenGoroutine& g : goroutines) {
      if (g.wait) named(g.wait->row.stack);
    }
    for (const OpenCreation& c : lineage) named(c.stack);
    for (const OpenObject& o : objects) named(o.waiter_stack);
    for (const OpenPanic& p : panics) named(p.stack);
  }
  bool operator==(const OpenState&) const = default;
};

}  // namespace gorotrace
