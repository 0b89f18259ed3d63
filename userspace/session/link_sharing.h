// Whether a target's probes have links of its own or links that all targets of its file share. Own ones touch
// nobody else, but each makes the hits of every other target of the file dearer; shared ones are hit by every
// process of the file, also by those that nobody wants to trace. So up to kOwnLinks targets of a file have
// their own, and more share theirs only if nobody else runs the file, or if the user allowed it. A file is an
// executable or a library.
// A target keeps what it began with: to move it would lose or double what it hits meanwhile.
// Threads: control thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <map>
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
  };
  // What is known of processes; tests have their own.
  struct Processes {
    std::function<FileUsers(pid_t, const FileIdentity&)> users_of_file = gorotrace::users_of_file;
    bool all_are_seen = true;  // false: in a PID namespace below the initial one
  };
  LinkSharing(Options options, Processes processes) : options_(options), processes_(std::move(processes)) {}
  explicit LinkSharing(Options options);

  // It is known to become a target, by what it runs of that file.
  void expect(pid_t pid, const FileIdentity& file) { expected_.insert_or_assign(pid, file); }
  struct Decision {
    LinkScope scope = LinkScope::kOwn;
    bool joins = false;  // links that others of its file share already
    std::string notice;  // why more targets than kOwnLinks have their own, else ""
  };
  // For a process that is about to become a target.
  [[nodiscard]] Decision add(pid_t pid, const FileIdentity& file);
  // It is a target no more, and not expected to be one.
  void remove(pid_t pid);

 private:
  using Key = std::pair<dev_t, ino_t>;
  struct File {
    FileIdentity identity;
    std::set<pid_t> targets;
    bool shared = false;
    std::size_t refused_with = 0;  // targets; 0: not refused
    std::string refusal;
  };
  // Of this very file: those that are and those that will be.
  [[nodiscard]] std::set<pid_t> targets_of(const Key& key) const;
  // It is one, or will be, of what may be the same file.
  [[nodiscard]] bool is_target(pid_t pid, const FileIdentity& file) const;
  // Why links may not be shared; "" when they may.
  [[nodiscard]] std::string refusal(pid_t target, const FileIdentity& file, std::size_t targets);

  Options options_;
  Processes processes_;
  std::map<Key, File> files_;
  std::map<pid_t, FileIdentity> expected_;
};

}  // namespace gorotrace
