#include "recording/recorder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/overloaded.h"
#include "capture/drop_reason.h"
#include "recording/codec.h"
#include "recording/held_destination.h"
#include "stream/definer.h"

namespace gorotrace {
namespace {

// Another segment begins once one is as many times as large as its checkpoint, or segment_ns old.
constexpr std::uint64_t kCheckpointPart = 20;

ClockPair clocks_now() {
  timespec real{};
  ::clock_gettime(CLOCK_REALTIME, &real);
  return {monotonic_ns(), std::int64_t{real.tv_sec} * 1'000'000'000 + real.tv_nsec};
}

}  // namespace

StatFacts so_far(StatFacts known) {
  known.events.in_window.reset();
  if (known.end_ns == 0) known.end_ns = monotonic_ns();
  return known;
}

Result<std::unique_ptr<Recorder>> Recorder::make(const std::string& path, const Options& options) {
  auto file = ClaimedFile::open(path);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<Recorder> made(new Recorder(options));
  made->kept_as_ = file->kept_as();
  made->file_.emplace(std::move(*file));
  return made;
}

Recorder::Recorder(const Options& options) : options_(options), goes_on_(!options.held) {}

std::unique_ptr<Recorder> Recorder::in_memory(const RollingChunks::Bounds& bounds, const Options& options) {
  std::unique_ptr<Recorder> made(new Recorder(options));
  made->bounds_ = bounds;
  return made;
}

Recorder::~Recorder() {
  (void)close();
}

Result<std::unique_ptr<ChunkDestination>> Recorder::destination() {
  if (bounds_) {
    auto rolling = std::make_unique<RollingChunks>(*bounds_);
    rolling_ = rolling.get();
    rolling_->next_segment_from(monotonic_ns(), 0);
    return rolling;
  }
  struct stat status{};
  if (::fstat(file_->fd(), &status) != 0 || !S_ISREG(status.st_mode)) return file_destination(file_->take());
  return std::make_unique<HeldDestination>(std::move(*file_), goes_on_);
}

Status Recorder::start() {
  auto to = destination();
  if (!to) return std::unexpected(to.error());
  auto writer = ChunkFileWriter::make(std::move(*to));
  if (!writer) return std::unexpected(writer.error());
  writer_ = std::move(*writer);
  flushed_ns_ = segment_.began_ns = monotonic_ns();
  write(FileItem(clocks_now()));
  thread_ = std::make_unique<SinkThread>(
      options_.max_queued_bytes, [this](const Batch& batch) { take(batch); },
      [this](std::uint64_t) {
        take_facts();
        hand_out_kept();
      });
  return {};
}

Status Recorder::name(TargetId target, PcNames names) {
  if (!writer_) {
    if (auto started = start(); !started) return started;
  }
  const std::lock_guard lock(mutex_);
  named_.insert_or_assign(target, std::move(names));
  return {};
}

void Recorder::tell(FactsTold facts) {
  if (!thread_) return;
  {
    const std::lock_guard lock(mutex_);
    told_.push_back(std::move(facts));
  }
  thread_->poke();
}

void Recorder::ask_kept(std::function<void(KeptChunks)> take) {
  if (!thread_) return take({});
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(take));
  }
  thread_->poke();
}

void Recorder::hand_out_kept() {
  std::vector<std::function<void(KeptChunks)>> asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  if (asked.empty() || rolling_ == nullptr) return;
  for (auto& [target, names] : names_) names.name_anew([this](const FileItem& item) { write(item); });
  flush();
  for (const auto& take : asked) take(kept());
}

Status Recorder::close() {
  if (!thread_) return {};
  thread_->finish();
  {
    const std::lock_guard lock(mutex_);
    figures_.dropped += thread_->dropped();
    for (const auto& [target, of] : models_.all()) refused_[target] += thread_->dropped(target);
  }
  thread_.reset();
  take_facts();
  for (auto& [target, names] : names_) names.name_anew([this](const FileItem& item) { write(item); });
  if (failing_) begin_segment();
  flush();
  if (failing_) lose_what_waits();
  // What was lost since they were told.
  for (auto& [target, facts] : facts_) {
    settle(facts);
    write(FileItem(facts));
  }
  const Status finished = writer_->finish();
  const std::lock_guard lock(mutex_);
  if (rolling_ == nullptr) figures_.bytes = writer_->bytes_written();
  if (!finished) return finished;
  if (!figures_.error.empty()) return fail(ErrorKind::kFailed, figures_.error);
  return {};
}

Recorder::Figures Recorder::figures() const {
  const std::uint64_t behind = thread_ ? thread_->dropped() : 0;
  const std::lock_guard lock(mutex_);
  Figures out = figures_;
  out.dropped += behind;
  return out;
}

std::uint64_t Recorder::dropped_samples(TargetId target) const {
  return (thread_ ? thread_->dropped_samples(target) : 0) + (bounds_ ? segments_.load() : 0);
}

std::uint64_t Recorder::dropped(TargetId target) const {
  const std::uint64_t behind = thread_ ? thread_->dropped(target) : 0;
  const std::lock_guard lock(mutex_);
  const auto refused = refused_.find(target);
  return behind + (refused == refused_.end() ? 0 : refused->second);
}

void Recorder::take(const Batch& batch) {
  for (const Item& item : batch.items) take(item);
  if (rolling_ != nullptr) {
    rolling_->reached(models_.advanced_ns());
    if (rolling_->segment_is_large(segment_.checkpoint_bytes)) begin_segment();
  }
  if (options_.watch != nullptr) options_.watch->look(models_, monotonic_ns());
  flush_if_due();
}

void Recorder::flush_if_due() {
  const std::uint64_t now = monotonic_ns();
  if (now - flushed_ns_ < options_.flush_ns) return;
  flushed_ns_ = now;
  flush();
  if (failing_ || segment_is_due(now)) begin_segment();
}

bool Recorder::segment_is_due(std::uint64_t now_ns) const {
  const std::uint64_t least = rolling_ == nullptr ? 0 : kCheckpointPart * segment_.checkpoint_took_ns;
  return now_ns - segment_.began_ns >= std::max(options_.segment_ns, least) ||
         writer_->bytes_written() - segment_.begins_at >= kCheckpointPart * segment_.checkpoint_bytes;
}

void Recorder::take(const Item& item) {
  if (std::holds_alternative<TargetGone>(item.what)) {
    write(item);
    models_.apply(item);
    names_.erase(item.target);
    facts_.erase(item.target);
    return;
  }
  define_what_it_names(item);
  const bool told =
      std::holds_alternative<StackDefined>(item.what) || std::holds_alternative<FunctionDescribed>(item.what);
  if (const auto* run = std::get_if<Records>(&item.what); run != nullptr && !run->records.empty()) {
    Waiting& waiting = waiting_.try_emplace(item.target, Waiting{item.at_ns, item.at_ns, 0}).first->second;
    waiting.count += run->records.size();
    waiting.to_ns = std::max<std::uint64_t>(waiting.to_ns, run->records.back().time_ns);
  }
  if (!told) write(item);
  if (std::holds_alternative<TargetBegun>(item.what))
    names_of(item.target).begin_segment([this](const FileItem& mappings) { write(mappings); });
  models_.apply(item);
}

void Recorder::define_what_it_names(const Item& item) {
  if (item.target == 0 && std::holds_alternative<Advanced>(item.what)) return;
  ToldNames& names = names_of(item.target);
  const auto tell = [this](const FileItem& told) { write(told); };
  const auto find = [&](std::uint64_t id) { return stack_of(item.target, id); };
  std::visit(Overloaded{[&](const StackDefined& defined) { names.tell(defined, item.at_ns, tell); },
                        [&](const FunctionDescribed& described) { names.tell(described, item.at_ns, tell); },
                        [&](const Records& run) {
                          for (const gt_record& record : run.records) {
                            names.use_stack(record.stack, record.time_ns, find, tell);
                            if (names_start(record))
                              names.use_site(record.object, record.extra, record.time_ns, tell);
                          }
                        },
                        [&](const Snapshot& snapshot) {
                          for (const GoroutineSnapshot& g : snapshot.goroutines) {
                            names.use_stack(g.stack_id, item.at_ns, find, tell);
                            names.use_site(g.gopc, g.startpc, item.at_ns, tell);
                          }
                        },
                        [&](const SampleClasses& classes) {
                          for (const BlockingKey& row : classes.rows)
                            names.use_stack(row.stack, item.at_ns, find, tell);
                          for (const SampleSite& site : classes.sites)
                            names.use_site(site.gopc, site.startpc, item.at_ns, tell);
                        },
                        [](const auto&) {}},
             item.what);
}

ToldNames& Recorder::names_of(TargetId target) {
  const auto [kept, fresh] = names_.try_emplace(target, target, PcNames{});
  if (!fresh) return kept->second;
  const std::lock_guard lock(mutex_);
  if (const auto named = named_.find(target); named != named_.end()) {
    kept->second = ToldNames(target, std::move(named->second));
    named_.erase(named);
  }
  return kept->second;
}

StackRef Recorder::stack_of(TargetId target, std::uint64_t id) const {
  const auto found = models_.all().find(target);
  return found == models_.all().end() ? nullptr : gorotrace::stack_of(found->second, id);
}

void Recorder::take_facts() {
  std::vector<FactsTold> told;
  {
    const std::lock_guard lock(mutex_);
    told.swap(told_);
  }
  for (FactsTold& facts : told) {
    settle(facts);
    write(FileItem(facts));
    facts_.insert_or_assign(facts.target, std::move(facts));
  }
  flush_if_due();
}

// As the file has them: what it has not was dropped.
void Recorder::settle(FactsTold& facts) const {
  EventFacts& events = facts.facts.events;
  const auto behind =
      std::ranges::find(events.dropped, kSinkBehind, &std::pair<std::string, std::uint64_t>::first);
  if (behind == events.dropped.end()) return;
  const std::uint64_t before = behind->second;
  const std::uint64_t now = dropped(facts.target), all = events.received + before;
  behind->second = std::min(now, all);
  if (events.in_window) *events.in_window -= std::min(behind->second - before, *events.in_window);
  events.received = all - behind->second;
}

void Recorder::write(const FileItem& item) {
  write_by([&](const MessageSink& out) { encode(item, out); });
}

void Recorder::write(const Item& item) {
  write_by([&](const MessageSink& out) { encode(item, out); });
}

template <typename Encode>
void Recorder::write_by(const Encode& encode_it) {
  if (failing_) return;
  std::optional<Error> error;
  encode_it([&](std::string_view message) {
    if (error) return;
    const std::uint64_t before = writer_->bytes_written();
    if (auto added = writer_->add(message); !added) error = added.error();
    if (writer_->bytes_written() != before) count_written();
  });
  if (error) failed(*error);
}

void Recorder::flush() {
  if (failing_) return;
  if (auto flushed = writer_->flush(); !flushed) return failed(flushed.error());
  count_written();
}

// A chunk was written, and with it all that was collected.
void Recorder::count_written() {
  std::uint64_t records = 0;
  for (const auto& [target, waiting] : waiting_) records += waiting.count;
  waiting_.clear();
  records_ += records;
  const std::lock_guard lock(mutex_);
  figures_.records = records_;
  figures_.bytes = rolling_ == nullptr ? writer_->bytes_written() : rolling_->bytes();
  if (rolling_ != nullptr) figures_.kept_ns = since(models_.advanced_ns(), rolling_->from_ns());
}

void Recorder::failed(const Error& error) {
  failing_ = true;
  const std::lock_guard lock(mutex_);
  figures_.error = error.message;
}

// Nothing of it came into the file.
void Recorder::lose_what_waits() {
  const std::lock_guard lock(mutex_);
  for (const auto& [target, waiting] : waiting_) {
    const auto [lost, first] = lost_.try_emplace(target, waiting);
    if (!first) {
      lost->second.to_ns = std::max(lost->second.to_ns, waiting.to_ns);
      lost->second.count += waiting.count;
    }
    refused_[target] += waiting.count;
    figures_.dropped += waiting.count;
  }
  waiting_.clear();
}

void Recorder::begin_segment() {
  if (failing_) lose_what_waits();
  if (rolling_ != nullptr) {
    flush();  // counts what belongs to the segment before
    rolling_->next_segment_from(models_.advanced_ns(), records_);
  }
  if (auto begun = writer_->begin_segment(); !begun) return failed(begun.error());
  failing_ = false;
  segment_.began_ns = monotonic_ns();
  segment_.begins_at = writer_->bytes_written();
  write(FileItem(clocks_now()));
  for (const auto& [target, of] : models_.all()) {
    write(Item{target, 0, *of.begun});
    names_of(target).begin_segment([this](const FileItem& item) { write(item); });
    if (const auto lost = lost_.find(target); lost != lost_.end())
      write(Item{target, lost->second.from_ns, Loss{lost->second.to_ns, lost->second.count}});
  }
  flush();
  if (!failing_) lost_.clear();
  for (const auto& [target, of] : models_.all()) write_checkpoint(target, of);
  for (auto& [target, facts] : facts_) {
    settle(facts);
    write(FileItem(facts));
  }
  flush();
  segment_.checkpoint_bytes = std::max<std::uint64_t>(writer_->bytes_written() - segment_.begins_at, 1);
  segment_.checkpoint_took_ns = since(monotonic_ns(), segment_.began_ns);
  ++segments_;
}

void Recorder::write_checkpoint(TargetId target, const Models::Of& of) {
  CheckpointTold told{target, checkpoint_of(of, models_.advanced_ns())};
  ToldNames& names = names_of(target);
  const OpenState& open = told.checkpoint.model;
  const auto tell = [this](const FileItem& item) { write(item); };
  const auto find = [&of](std::uint64_t id) { return gorotrace::stack_of(of, id); };
  told.checkpoint.each_stack([&](std::uint64_t id) { names.use_stack(id, open.at_ns, find, tell); });
  for (const OpenGoroutine& g : open.goroutines) names.use_site(g.gopc, g.startpc, open.at_ns, tell);
  for (const OpenCreation& c : open.lineage) names.use_site(c.gopc, c.startpc, open.at_ns, tell);
  for (const SampleSite& site : told.checkpoint.classes.sites)
    names.use_site(site.gopc, site.startpc, open.at_ns, tell);
  write(FileItem(std::move(told)));
}

}  // namespace gorotrace
