// The rules that readers of execution traces enforce (internal/trace/order.go of Go 1.22): in which order
// events of threads may follow one another, and which states they need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace gorotrace::export_test {

class TraceOrder {
 public:
  using Threads = std::map<std::string, std::vector<std::string>>;  // "at name args", by number; "-" is none

  // "": they can be read to the end; else where it stops.
  static std::string refuses(const Threads& threads) {
    TraceOrder order;
    std::map<std::string, std::size_t> at;
    for (bool advanced = true; advanced;) {
      advanced = false;
      // The earliest event that can be next.
      std::multimap<std::uint64_t, std::string> next;
      for (const auto& [number, events] : threads) {
        if (at[number] < events.size()) next.emplace(std::stoull(events[at[number]]), number);
      }
      for (const auto& [ns, number] : next) {
        const std::string& event = threads.at(number)[at[number]];
        const Answer answer = order.advance(number, event);
        if (answer == Answer::kBad) return number + ": " + event;
        if (answer == Answer::kWait) continue;
        ++at[number];
        advanced = true;
        break;
      }
    }
    for (const auto& [number, events] : threads) {
      if (at[number] < events.size()) return number + " is stuck at " + events[at[number]];
    }
    return "";
  }

 private:
  enum class Answer { kOk, kWait, kBad };
  enum Status {
    kNone = 0,
    kRunnable = 1,
    kRunning = 2,
    kSyscall = 3,
    kWaiting = 4,
    kPRunning = 1,
    kPIdle = 2
  };
  struct Sequenced {
    std::uint64_t status = kNone, seq = 0;
  };
  struct Thread {
    bool has_p = false, has_g = false;
    std::uint64_t p = 0, g = 0;
  };

  Answer advance(const std::string& number, const std::string& line) {
    std::istringstream in(line);
    std::string at, name, arg;
    in >> at >> name;
    std::vector<std::uint64_t> a;
    while (in >> arg) a.push_back(arg == "-" ? ~std::uint64_t{0} : std::stoull(arg));
    const bool none = number == "-";
    Thread& m = threads_[number];
    const auto check = [](bool holds) { return holds ? Answer::kOk : Answer::kBad; };
    const auto user = [&](std::uint64_t status) {  // a thread with both, its goroutine in that state
      return !none && m.has_p && m.has_g && gs_[m.g].status == status;
    };
    if (name == "ProcStatus") {
      if (none || ps_.contains(a[0])) return Answer::kBad;
      ps_[a[0]] = {a[1], 0};
      if (a[1] == kPIdle) return Answer::kOk;
      if (m.has_p) return Answer::kBad;
      m.has_p = true;
      m.p = a[0];
      return Answer::kOk;
    }
    if (name == "ProcStart") {
      if (!ps_.contains(a[0]) || ps_[a[0]].status != kPIdle || ps_[a[0]].seq + 1 != a[1] || m.has_p)
        return Answer::kWait;
      ps_[a[0]] = {kPRunning, a[1]};
      m.has_p = true;
      m.p = a[0];
      return check(!none);
    }
    if (name == "ProcStop") {
      if (!m.has_p) return Answer::kBad;
      ps_[m.p].status = kPIdle;
      m.has_p = false;
      return Answer::kOk;
    }
    if (name == "ProcSteal") {
      if (!ps_.contains(a[0]) || ps_[a[0]].status != kSyscall || ps_[a[0]].seq + 1 != a[1])
        return Answer::kWait;
      Thread& from = threads_[std::to_string(a[2])];
      if (none || !from.has_p || from.p != a[0]) return Answer::kBad;
      ps_[a[0]] = {kPIdle, a[1]};
      from.has_p = false;
      return Answer::kOk;
    }
    if (name == "GoStatus" || name == "GoStatusStack") {
      if (gs_.contains(a[0])) return Answer::kBad;
      gs_[a[0]] = {a[2], 0};
      if (a[2] == kRunnable || a[2] == kWaiting) return Answer::kOk;
      if (none || m.has_g || std::to_string(a[1]) != number) return Answer::kBad;
      m.has_g = true;
      m.g = a[0];
      return Answer::kOk;
    }
    if (name == "GoCreate" || name == "GoCreateBlocked") {
      if (none || !m.has_p || (m.has_g && gs_[m.g].status != kRunning) || gs_.contains(a[0]))
        return Answer::kBad;
      gs_[a[0]] = {name == "GoCreate" ? std::uint64_t{kRunnable} : std::uint64_t{kWaiting}, 0};
      return Answer::kOk;
    }
    if (name == "GoCreateSyscall") {
      if (none || m.has_g || gs_.contains(a[0])) return Answer::kBad;
      gs_[a[0]] = {kSyscall, 0};
      m.has_g = true;
      m.g = a[0];
      return Answer::kOk;
    }
    if (name == "GoStart" || name == "GoUnblock") {
      const bool start = name == "GoStart";
      if (!gs_.contains(a[0])) return Answer::kWait;
      Sequenced& g = gs_[a[0]];
      if (g.status != std::uint64_t{start ? kRunnable : kWaiting} || g.seq + 1 != a[1]) return Answer::kWait;
      g = {start ? std::uint64_t{kRunning} : std::uint64_t{kRunnable}, a[1]};
      if (!start) return Answer::kOk;
      if (none || !m.has_p || m.has_g) return Answer::kBad;
      m.has_g = true;
      m.g = a[0];
      return Answer::kOk;
    }
    if (name == "GoStop" || name == "GoBlock" || name == "GoDestroy") {
      if (!user(kRunning)) return Answer::kBad;
      gs_[m.g].status = name == "GoStop" ? kRunnable : kWaiting;
      if (name == "GoDestroy") {
        gs_.erase(m.g);
        stopping_.erase(m.g);
      }
      m.has_g = false;
      return Answer::kOk;
    }
    if (name == "GoSyscallBegin") {
      if (!user(kRunning) || ps_[m.p].seq + 1 != a[0]) return Answer::kBad;
      ps_[m.p] = {kSyscall, a[0]};
      gs_[m.g].status = kSyscall;
      return Answer::kOk;
    }
    if (name == "GoSyscallEnd") {
      if (!user(kSyscall) || ps_[m.p].status != kSyscall) return Answer::kBad;
      ps_[m.p].status = kPRunning;
      gs_[m.g].status = kRunning;
      return Answer::kOk;
    }
    if (name == "GoSyscallEndBlocked") {
      if (m.has_p && ps_[m.p].status == kSyscall) return Answer::kWait;
      if (none || !m.has_g || gs_[m.g].status != kSyscall) return Answer::kBad;
      gs_[m.g].status = kRunnable;
      m.has_g = false;
      return Answer::kOk;
    }
    if (name == "GoDestroySyscall") {
      if (none || m.has_p || !m.has_g || gs_[m.g].status != kSyscall) return Answer::kBad;
      gs_.erase(m.g);
      stopping_.erase(m.g);
      m.has_g = false;
      return Answer::kOk;
    }
    if (name == "STWBegin") return check(user(kRunning) && stopping_.insert(m.g).second);
    if (name == "STWEnd") return check(user(kRunning) && stopping_.erase(m.g) == 1);
    if (name == "UserLog") return check(user(kRunning));
    if (name == "GCActive") {
      if (gc_known_) return Answer::kBad;
      gc_known_ = gc_ = true;
      gc_seq_ = a[0];
      return Answer::kOk;
    }
    if (name == "GCBegin" || name == "GCEnd") {
      const bool begin = name == "GCBegin";
      if ((gc_known_ || !begin) && a[0] != gc_seq_ + 1) return Answer::kWait;
      if (gc_ == begin || (!gc_known_ && !begin) || !user(kRunning)) return Answer::kBad;
      gc_known_ = true;
      gc_ = begin;
      gc_seq_ = a[0];
      return Answer::kOk;
    }
    return Answer::kBad;
  }

  std::set<std::uint64_t> stopping_;  // goroutines that have stopped the world
  bool gc_known_ = false, gc_ = false;
  std::uint64_t gc_seq_ = 0;
  std::map<std::uint64_t, Sequenced> gs_, ps_;
  std::map<std::string, Thread> threads_;
};

}  // namespace gorotrace::export_test
