// The kernel side as user space sees it: one loaded object for all targets, its rings, its counters, and the
// attaching of sites. Raw libbpf pointers live only in capture/ (bpf_handles.h).
// Threads: make/add_target/attach/detach/counters on the control thread; drain() on the reader thread only;
// stack() on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "bpf/shared/abi.h"
#include "capture/counters.h"
#include "capture/hit_limit.h"
#include "model/target_id.h"
#include "probe/plan.h"

namespace gorotrace {

enum class AttachMode { kUprobeMulti, kPerfEventCookie, kPerfEventIp };
template <>
inline constexpr auto kEnumNames<AttachMode> = enum_names<AttachMode>({
    {AttachMode::kUprobeMulti, "uprobe_multi"},
    {AttachMode::kPerfEventCookie, "perf_event with cookies"},
    {AttachMode::kPerfEventIp, "perf_event keyed on ip"},
});

inline constexpr GroupMask kAllGroups = (1u << GT_GROUP_COUNT) - 1;

inline constexpr std::uint16_t kMaxTargets = 1024;

// Links of a target's own hit no other process, and each of its siblings' makes its hits dearer; shared ones
// do neither (bpf/README.md, "Many targets of one file").
enum class LinkScope { kOwn, kShared };

struct CaptureOptions {
  GroupMask groups = kAllGroups;         // what may be attached: only programs of these are loaded
  std::uint32_t ring_bytes = 0;          // per ring, power of two >= 4096; 0 = default
  std::uint16_t max_targets = 64;        // at once; what each costs the kernel: bpf/README.md, "Memory"
  std::optional<AttachMode> force_mode;  // tests; by default the best this kernel passes the self-test with
  std::optional<std::uint64_t> longest_sample_ns;  // tests; by default what the calibration suggests
};

// Of links that targets of one file share.
struct SharedLinksFacts {
  std::size_t targets = 0;
  std::uint64_t others_hits = 0;  // in processes of the file that were no target
};

class Capture {
 public:
  // Finds out how to attach here and what a trap costs, and loads the programs. kKernel / kPermission with
  // the way out when BPF cannot be used here.
  [[nodiscard]] static Result<std::unique_ptr<Capture>> make(const CaptureOptions& options);
  ~Capture();  // detaches everything

  [[nodiscard]] AttachMode mode() const;
  // Of one trap on this host, emulated and single-stepped, measured by make().
  [[nodiscard]] const TrapCosts& trap_costs() const;

  // The number in the initial PID namespace of a process in ours: gt_target.tgid. It is the process that the
  // caller means if a pidfd of it says afterwards that it lives.
  [[nodiscard]] Result<gt_u32> initial_pid(pid_t pid);

  // `plan` is kept by value. exe_path: a path that opens the executable (Process::executable_path()). A
  // process is one target. Links are the target's own where they cannot be shared (shared_files.h).
  [[nodiscard]] Result<TargetId> add_target(pid_t pid, const std::string& exe_path, const gt_target& config,
                                            Plan plan, LinkScope scope = LinkScope::kOwn);
  // More code of a target, in another file: a plugin's. Its sites come with their groups from the next
  // set_groups() on; each is counted as that site of the target's plan.
  [[nodiscard]] Status add_file(TargetId target, pid_t pid, const std::string& path, Plan plan,
                                const std::vector<gt_u8>& counted_as);
  // Its process has ended, or is nobody's business any more: whoever gets its number is not this target.
  void disown(TargetId target);
  void remove_target(TargetId target);

  // Attaches or detaches so that exactly `groups` are on; sites shared with a group that stays are left
  // alone. On failure what was on before is still on. Returns the mask that is on: what comes is attached
  // then, what goes is going (40-120 ms), and recorded meanwhile.
  [[nodiscard]] Result<GroupMask> set_groups(TargetId target, GroupMask groups);
  // Something that set_groups() took away is going still. When nothing is, and no group is on, no program of
  // this target runs any more.
  [[nodiscard]] bool detaching(TargetId target) const;
  [[nodiscard]] GroupMask groups(TargetId target) const;
  // Groups whose traps the process takes. With shared links those that any target has on that shares them:
  // what is off for this one only is then counted as hits, and skipped.
  [[nodiscard]] GroupMask trapped(TargetId target) const;
  // While this target is there, the groups may be on for nobody who shares links with it, since it cannot be
  // spared their traps otherwise. permitted(): what nobody withdrew. Those who have others on are to let go.
  void withdraw(TargetId target, GroupMask groups);
  [[nodiscard]] GroupMask permitted(TargetId target) const;
  // For links of its own that take their groups away at once (kUprobeMulti): from here on.
  void limit(TargetId target, const HitLimit& limit);
  void lift_limit(TargetId target);  // and nothing is silent any more
  // Groups that are silent because there were more hits.
  [[nodiscard]] GroupMask over_limit(TargetId target) const;
  // nullopt: its links are its own.
  [[nodiscard]] std::optional<SharedLinksFacts> shared_links(TargetId target) const;
  // Of all targets, side by side: the kernel's grace periods overlap.
  void detach_all();

  // Reader thread: sleeps up to timeout_ms, or until a ring is a quarter full or wake_reader() is called.
  // Negative errno on failure.
  int wait(int timeout_ms);
  void wake_reader();  // any thread
  // Reader thread: hands every committed record over, ring by ring, up to the first that is reserved and not
  // committed: then the ring, whose turn began at began_ns, was not emptied. Returns their number.
  using Sink = std::function<void(unsigned ring, const gt_record& record)>;
  using Passed = std::function<void(unsigned ring, std::uint64_t began_ns, bool emptied)>;
  int drain(const Sink& sink, const Passed& passed = {});
  [[nodiscard]] unsigned ring_count() const;

  // Any thread. Keeps `stacks` from filling up: when it is more than half full it is emptied (the kernel side
  // puts a definition back at its next use), and stack() gives once what was in it. So: call it every
  // interval, keep what you pull.
  void make_room();
  [[nodiscard]] CaptureCounters counters() const;
  // Of one target: produced = received + dropped, exactly, whenever none of its programs is running.
  [[nodiscard]] CaptureCounters counters(TargetId target) const;
  [[nodiscard]] std::vector<SiteCounters> site_counters(TargetId target) const;  // index = site in the plan
  // Records that were lost so far: of one target, and, on any thread, of each. Cheap.
  [[nodiscard]] std::uint64_t dropped(TargetId target) const;
  [[nodiscard]] std::vector<std::pair<TargetId, std::uint64_t>> dropped_by_target() const;
  // Definition of a stack id; nullopt when the map no longer has it and it was given, or is long gone.
  // What a record of the group panic names as its value: given once, until a record brings it again.
  [[nodiscard]] std::optional<gt_value> take_value(std::uint64_t id) const;
  [[nodiscard]] std::optional<gt_stack> stack(std::uint64_t id) const;
  // Number of instructions the verifier walked, per program: held by a test.
  struct ProgramInfo {
    std::string name;
    std::uint32_t verified_instructions;
  };
  [[nodiscard]] std::vector<ProgramInfo> programs() const;

 private:
  struct Impl;
  explicit Capture(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gorotrace
