// Whether a target's probes have links of its own or links that all targets of its file share. Own ones touch
// nobody else, but each makes the hits of every other target of the file dearer; shared ones are hit by every
// process of the file, also by those that nobody wants to trace. So up to kOwnLinks targets of a file have
// their own, and more share theirs only if nobody else runs the file, or if the user allowed it.
// A target keeps what it began with: to move it would lose or double what it hits meanwhile.
// Threads: control thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "capture/capture.h"
#include "process/file_users.h"

namespace gorotrace {

class LinkSharing {
 public:
  static constexpr std::size_t kOwnLinks = 8;

  struct Options {
    bool others_allowed = false;  // --share-probes
    std::vector<pid_t> targets;   // those that are known to come
  };
  // What is known of processes; tests have their own.
  struct Processes {
    std::function<std::optional<FileIdentity>(pid_t)> file_of = executable_file;
    std::function<FileUsers(pid_t)> users_of_file_of = gorotrace::users_of_file_of;
    bool all_are_seen = true;  // false: in a PID namespace below the initial one
  };
  explicit LinkSharing(Options options, Processes processes)
      : options_(std::move(options)), processes_(std::move(processes)) {}
  explicit LinkSharing(Options options);

  struct Decision {
    LinkScope scope = LinkScope::kOwn;
    bool joins = false;  // links that others of its file share already
    std::string notice;  // why more targets than kOwnLinks have their own, else ""
  };
  // For a process that is about to become a target.
  [[nodiscard]] Decision add(pid_t pid);
  // It is a target no more.
  void remove(pid_t pid);

 private:
  using Key = std::pair<dev_t, ino_t>;
  struct File {
    std::set<pid_t> targets;
    bool shared = false;
    std::size_t refused_with = 0;  // targets; 0: not refused
    std::string refusal;
  };
  // Those that are and those that will be.
  [[nodiscard]] std::set<pid_t> targets_of(const Key& key);
  // Why links may not be shared; "" when they may.
  [[nodiscard]] std::string refusal(pid_t target, std::size_t targets);

  Options options_;
  Processes processes_;
  std::map<Key, File> files_;
  std::optional<std::map<Key, std::set<pid_t>>> to_come_;  // of options_.targets, once asked
};

}  // namespace gorotrace
