#include "http/profile_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "evidence/dump_select.h"
#include "export/living_creations.h"
#include "export/pprof.h"
#include "export/thread_profile.h"
#include "http/capture_headers.h"
#include "process/hold.h"
#include "process/procfs.h"
#include "report/dump_text.h"
#include "report/living_text.h"
#include "report/thread_text.h"
#include "session/dump.h"
#include "session/profile_mappings.h"
#include "session/target.h"
#include "session/thread_stacks.h"

namespace gorotrace {
namespace {

// runtime/pprof writeGoroutineStacks: no buffer of runtime.Stack is larger.
constexpr std::size_t kLongestText = std::size_t{64} << 20;

std::unexpected<Error> gone(pid_t pid) {
  return fail(ErrorKind::kNoProcess, fmt::format("process {} has ended", pid));
}

Result<std::unique_ptr<Target>> open_target(const ProfileSubject& subject) {
  auto target = Target::open(subject.target.name(), subject.binaries);
  if (!target) return target;
  if ((*target)->process().start_time_ticks() != subject.target.start_time_ticks)
    return gone(subject.target.pid);
  return target;
}

constexpr std::string_view kIndexNote =
    "Read from outside by gorotrace. allocs, block, heap, mutex and profile are not served. trace, and "
    "goroutinecreate with seconds=N, attach probes meanwhile.";

std::uint64_t goroutines_of(const Target& target) {
  auto reader = target.counter_reader();
  if (!reader) return 0;
  const auto counters = reader->read();
  return counters && counters->live > 0 ? static_cast<std::uint64_t>(counters->live) : 0;
}

// A look with all that is needed to show it.
struct Look {
  Dump dump;
  StackTable symbols;
  DumpView view;
  Selection selection;

  Look(const Target& target, Dump read)
      : dump(std::move(read)),
        symbols(dump_symbols(target)),
        view(dump, symbols),
        selection(select(view, {})) {}
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;
};

Result<std::unique_ptr<Look>> look(Target& target, const std::stop_token& unwanted) {
  auto dump = take_dump(target, WaitsWanted::kLabels, unwanted);
  if (!dump) return std::unexpected(dump.error());
  dump->held = what_holds(target.process().pid());
  return std::make_unique<Look>(target, *std::move(dump));
}

// What a dump says of itself has no place in the runtime's own formats.
void add_notes(Response& response, const Look& of) {
  for (const std::string& note : dump_notes(of.view, of.selection))
    add_text_header(response, "Gorotrace-Note", note);
}

Response text_answer(const Look& of, bool as_panic) {
  std::string text;
  const TextSink sink = [&text](std::string_view piece) {
    text += piece.substr(0, kLongestText - std::min(text.size(), kLongestText));
  };
  if (as_panic) {
    dump_text(of.view, of.selection, 0, sink, kNoWidth, Notes::kLeftOut);
  } else {
    dump_group_text(of.view, of.selection, 0, sink, kNoWidth, Notes::kLeftOut);
  }
  Response out = answer(200, kPlainText, std::move(text));
  add_notes(out, of);
  return out;
}

void sleep_for(std::chrono::seconds time, const std::stop_token& unwanted) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, unwanted, time, [] { return false; });
}

}  // namespace

Result<Response> index_answer(const ProfileSubject& subject) {
  const auto target = open_target(subject);
  if (!target) return std::unexpected(target.error());
  const std::uint64_t goroutines = goroutines_of(**target);
  const auto threads = read_thread_stacks(**target);
  const std::vector<ProfileEntry> profiles = {
      {"cmdline", "The command line invocation of the current program"},
      {"goroutine",
       "Stack traces of all current goroutines. Use debug=2 as a query parameter to export in the same "
       "format as an unrecovered panic.",
       goroutines},
      {"goroutinecreate", "Stack traces that led to the creation of the current goroutines", goroutines},
      {"symbol",
       "Maps given program counters to function names. Counters can be specified in a GET raw query or POST "
       "body, multiple counters are separated by '+'."},
      {"threadcreate", "Stack traces that led to the creation of new OS threads",
       threads ? threads->threads.size() : 0},
      {"trace",
       "A trace of execution of the current program. You can specify the duration in the seconds GET "
       "parameter. After you get the trace file, use the go tool trace command to investigate the trace."},
  };
  return answer(200, kHtmlText, pprof_index(profiles, kIndexNote));
}

Result<Response> goroutine_answer(const ProfileSubject& subject, const ProfileWanted& wanted,
                                  const std::stop_token& unwanted) {
  const auto target = open_target(subject);
  if (!target) return std::unexpected(target.error());
  const auto first = look(**target, unwanted);
  if (!first) return std::unexpected(first.error());
  if (wanted.debug != 0) return text_answer(**first, wanted.debug >= 2);
  std::unique_ptr<Look> second;
  if (wanted.seconds) {
    sleep_for(std::chrono::seconds(*wanted.seconds), unwanted);
    auto taken = look(**target, unwanted);
    if (!taken) return std::unexpected(taken.error());
    second = *std::move(taken);
  }
  const auto mappings = profile_mappings(**target);
  if (!mappings) return std::unexpected(mappings.error());
  const Look& last = second ? *second : **first;
  auto profile = second ? pprof_difference({(*first)->view, (*first)->selection},
                                           {second->view, second->selection}, *mappings)
                        : pprof_profile(last.view, last.selection, *mappings);
  if (!profile) return std::unexpected(profile.error());
  Response out = pprof_file(second ? "goroutine-delta" : "goroutine", *std::move(profile));
  add_notes(out, last);
  return out;
}

Result<Response> goroutinecreate_answer(const ProfileSubject& subject, const ProfileWanted& wanted,
                                        const std::stop_token& unwanted) {
  const auto target = open_target(subject);
  if (!target) return std::unexpected(target.error());
  const auto taken = look(**target, unwanted);
  if (!taken) return std::unexpected(taken.error());
  Look& of = **taken;
  Response out;
  if (wanted.debug != 0) {
    std::string text;
    living_text(of.view, of.selection, of.symbols, [&text](std::string_view piece) { text += piece; });
    out = answer(200, kPlainText, std::move(text));
  } else {
    const auto mappings = profile_mappings(**target);
    if (!mappings) return std::unexpected(mappings.error());
    auto profile = living_profile(of.view, of.selection, of.symbols, *mappings);
    if (!profile) return std::unexpected(profile.error());
    out = pprof_file("goroutinecreate", *std::move(profile));
  }
  add_notes(out, of);
  return out;
}

Result<Response> threadcreate_answer(const ProfileSubject& subject, const ProfileWanted& wanted,
                                     const std::stop_token& unwanted) {
  const auto target = open_target(subject);
  if (!target) return std::unexpected(target.error());
  const auto stacks = read_thread_stacks(**target);
  if (!stacks) return std::unexpected(stacks.error());
  StackTable symbols = dump_symbols(**target);
  if (wanted.debug != 0) return answer(200, kPlainText, thread_text(*stacks, symbols));
  std::optional<ThreadStacks> later;
  if (wanted.seconds) {
    sleep_for(std::chrono::seconds(*wanted.seconds), unwanted);
    auto read = read_thread_stacks(**target);
    if (!read) return std::unexpected(read.error());
    later = *std::move(read);
  }
  const auto mappings = profile_mappings(**target);
  if (!mappings) return std::unexpected(mappings.error());
  auto profile = later ? thread_difference(*stacks, *later, symbols, *mappings)
                       : thread_profile(*stacks, symbols, *mappings);
  if (!profile) return std::unexpected(profile.error());
  return pprof_file(later ? "threadcreate-delta" : "threadcreate", *std::move(profile));
}

Result<Response> cmdline_answer(const ProfileSubject& subject) {
  const pid_t pid = subject.target.pid;
  auto words = procfs::read_file(pid, "cmdline");
  if (!words) return std::unexpected(words.error());
  // Read behind it: the words are of the process that has the PID now.
  const auto stat = procfs::read_file(pid, "stat");
  const auto known = stat ? procfs::parse_stat(*stat) : std::nullopt;
  if (!known || known->start_time != subject.target.start_time_ticks) return gone(pid);
  if (words->ends_with('\0')) words->pop_back();
  return answer(200, kPlainText, *std::move(words));
}

Result<Response> symbol_answer(const ProfileSubject& subject, std::string_view asked) {
  const std::vector<std::uint64_t> pcs = symbols_wanted(asked);
  // How many there are nobody asks but whether there are any (net/http/pprof).
  std::string text = "num_symbols: 1\n";
  if (!pcs.empty()) {
    const auto target = open_target(subject);
    if (!target) return std::unexpected(target.error());
    StackTable symbols = dump_symbols(**target);
    for (const std::uint64_t pc : pcs) {
      const Frame& frame = symbols.frames(pc, PcKind::kExact).front();
      // Functions of Go alone: C's are in brackets, what is none is "?".
      if (!frame.function.starts_with('?') && !outside_of_program(frame))
        text += fmt::format("{:#x} {}\n", pc, frame.function);
    }
  }
  return answer(200, kPlainText, std::move(text));
}

}  // namespace gorotrace
