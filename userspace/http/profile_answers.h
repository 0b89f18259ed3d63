// What /debug/pprof of one process answers, read from its memory. Everything waits for the process. Threads:
// any that may be held up by it (target_jobs.h).
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "agent/agent_target.h"
#include "base/result.h"
#include "http/pprof_words.h"
#include "symbols/binary_cache.h"

namespace gorotrace {

// Which process is meant, and what its binary is looked up in.
struct ProfileSubject {
  const AgentTarget& target;
  BinaryCache& binaries;
};

// The longest difference that is waited for.
inline constexpr std::int64_t kLongestDifference = 20;

// The page that lists the others, with how many goroutines live and threads were created: 0 where that cannot
// be read. kNoProcess: it has ended, or another one has its PID.
[[nodiscard]] Result<Response> index_answer(const ProfileSubject& subject);

// kNoProcess: likewise. Once `unwanted` a look at the goroutines ends early,
// and so does the wait for the second one.
[[nodiscard]] Result<Response> goroutine_answer(const ProfileSubject& subject, const ProfileWanted& wanted,
                                                const std::stop_token& unwanted);
[[nodiscard]] Result<Response> threadcreate_answer(const ProfileSubject& subject, const ProfileWanted& wanted,
                                                   const std::stop_token& unwanted);
// Of the goroutines that live: no probe tells of those that do not.
[[nodiscard]] Result<Response> goroutinecreate_answer(const ProfileSubject& subject,
                                                      const ProfileWanted& wanted,
                                                      const std::stop_token& unwanted);
[[nodiscard]] Result<Response> cmdline_answer(const ProfileSubject& subject);
// asked: the raw query, or the body.
[[nodiscard]] Result<Response> symbol_answer(const ProfileSubject& subject, std::string_view asked);

}  // namespace gorotrace
