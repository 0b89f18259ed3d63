#include "recording/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/byte_size.h"
#include "base/clock.h"
#include "base/plural.h"
#include "base/text.h"
#include "evidence/unread.h"
#include "recording/checkpoint_look.h"
#include "recording/codec.h"
#include "recording/file_claims.h"
#include "recording/file_lack_text.h"
#include "recording/moment_series.h"
#include "recording/part_facts.h"
#include "stream/models.h"

namespace gorotrace {
namespace {

// A sample of more goroutines is left out: what it takes in memory (130 bytes each) no byte of the file pays
// for.
constexpr std::uint32_t kMaxSampledSlots = 1u << 20;

// Those that rows of tables do not name.
struct MoreStacks {
  const Models::Of& of;
  NamedStacks::Map& into;
  void operator()(std::uint64_t id) const {
    if (const StackRef stack = stack_of(of, id)) into.emplace(id, stack);
  }
};
std::string window_text(const WindowKept& kept) {
  std::string text = fmt::format("the last {} of a recording were to be kept, and were written at: {}",
                                 format_duration(kept.asked_ns), kept.why);
  if (!kept.from_the_start)
    text += fmt::format("; the window begins where the file does, {} from before are not in it",
                        format_bytes(kept.dropped_bytes));
  return text;
}

class Replayer {
 public:
  // begins: of the targets' windows, as far as the session told them.
  Replayer(const PartWanted& wanted, const DetailsWanted& details, std::map<TargetId, std::uint64_t> begins)
      : wanted_(wanted), details_(details), begins_(std::move(begins)), models_(details.chains) {}

  Status take(const FileItem& item) {
    return std::visit([this](const auto& what) { return take_this(what); }, item);
  }
  void gap();
  void segment();
  [[nodiscard]] Result<Recording> finish(FileDamage damage);

 private:
  struct Of {
    Of(const PartWanted& wanted, const DetailsWanted& details)
        : part(wanted), series(wanted, details.moments), wants_open(details.open) {}
    PartOfWindow part;
    MomentSeries series;
    const bool wants_open;
    std::optional<OpenState> open;  // at the part's end, once that has come
    NamedStacks::Map open_stacks;   // its
    std::uint64_t records = 0, lost = 0;
    std::uint64_t lost_to_ns = 0;  // the last of those
    std::unique_ptr<RecordedTarget> recorded;
    std::optional<FactsTold> facts;
    bool gone = false;
    std::optional<std::uint64_t> gap_from_ns;  // a part of the file is missing since then
    bool wants_checkpoint = false;             // of this segment: what is open is not known
    bool classes_lost = false;                 // of samples: what is told of them means nothing any more

    // The next moment at which somebody wants to know the state of things.
    [[nodiscard]] std::optional<std::uint64_t> next() const;
    void take(const Models::Of& model);
  };

  Status take_this(const Item& item);
  Status take_this(const FramesNamed& named) {
    if (const auto of = targets_.find(named.target); of != targets_.end())
      of->second.recorded->symbols.name(named);
    return {};
  }
  Status take_this(const FactsTold& told) {
    const auto of = targets_.find(told.target);
    if (of == targets_.end()) return {};
    of->second.facts = told;
    // Files from before do not say as of when.
    if (std::uint64_t& as_of = of->second.facts->facts.end_ns; as_of == 0) as_of = told_until();
    return {};
  }
  Status take_this(const MappingsTold& told) {
    if (const auto of = targets_.find(told.target); of != targets_.end())
      of->second.recorded->mappings = told.mappings;
    return {};
  }
  Status take_this(const CheckpointTold& told);
  Status take_this(const WindowKept& kept);
  Status take_this(const ClockPair& clocks) {
    if (!recording_.clocks) recording_.clocks = clocks;
    return {};
  }
  [[nodiscard]] bool over(TargetId target) const;
  [[nodiscard]] std::uint64_t told_until() const;
  void lose_gap(TargetId target, Of& of, std::uint64_t until_ns);
  void tell_classes(const CheckpointTold& told, Of& of);
  [[nodiscard]] bool of_lost_classes(const Item& item) const;
  void apply(const Item& item, Of* of);
  void apply_records(const Item& item, Of& of);
  void take_ends(TargetId target, Of& of, std::uint64_t before_ns);
  void take_tables(TargetId target, Of& of);

  void take_waits();

  const PartWanted wanted_;
  const DetailsWanted details_;
  const std::map<TargetId, std::uint64_t> begins_;
  Models models_;
  std::map<TargetId, Of> targets_;
  std::vector<TargetId> order_;
  std::uint64_t now_ns_ = 0;
  bool gap_ = false, behind_gap_ = false;  // one was just found; this segment is the first behind one
  Recording recording_;
};

std::optional<std::uint64_t> Replayer::Of::next() const {
  const auto end = part.next(), moment = series.next(part.window_ns());
  return end && moment ? std::min(end, moment) : end ? end : moment;
}

void Replayer::Of::take(const Models::Of& model) {
  const auto end = part.next(), moment = series.next(part.window_ns());
  if (moment && (!end || *moment <= *end)) return series.take(*moment, model, {records, lost});
  part.take(model, {records, lost});
  if (wants_open && part.to() && !open) {
    open = model.model->open_state(part.to()->at_ns);
    open->each_stack(MoreStacks{model, open_stacks});
  }
}

void Replayer::gap() {
  gap_ = true;
  for (auto& [id, of] : targets_) {
    if (of.gone || of.gap_from_ns || over(id)) continue;
    of.gap_from_ns = std::max<std::uint64_t>(told_until(), 1);
  }
}

// Its window has ended: of what is lost behind that nothing is its own.
bool Replayer::over(TargetId target) const {
  const auto found = models_.all().find(target);
  return found != models_.all().end() && found->second.end_ns != kEndOfTime;
}

// Everything from before it has come.
std::uint64_t Replayer::told_until() const {
  return models_.advanced_ns() != 0 ? models_.advanced_ns() : now_ns_;
}

void Replayer::segment() {
  behind_gap_ = std::exchange(gap_, false);
  for (auto& [id, of] : targets_) of.wants_checkpoint = behind_gap_;
}

// What was lost lies between what was told last and what is told next.
void Replayer::lose_gap(TargetId target, Of& of, std::uint64_t until_ns) {
  const std::uint64_t from = *std::exchange(of.gap_from_ns, std::nullopt);
  if (until_ns > from && of.recorded) of.recorded->lack.missing.push_back({from, until_ns});
  models_.apply({target, from, Loss{std::max(until_ns, from), 0}});
  models_.apply({target, from, SamplingEnded{SampledWhat::kGoroutines}});
  models_.apply({target, from, SamplingEnded{SampledWhat::kRuns}});
  of.classes_lost = true;
}

// Those that were told in the part that is missing: from the next stretch on ticks mean something again.
void Replayer::tell_classes(const CheckpointTold& told, Of& of) {
  const auto model = models_.all().find(told.target);
  if (model == models_.all().end()) return;
  const SampleClasses known = model->second.estimator.classes();
  SampleClasses missing = told.checkpoint.classes;
  if (missing.rows.size() < known.rows.size() || missing.sites.size() < known.sites.size()) return;
  const auto behind = [](auto& all, const auto& those) {
    return all.begin() + static_cast<std::ptrdiff_t>(those.size());
  };
  if (!std::equal(known.rows.begin(), known.rows.end(), missing.rows.begin()) ||
      !std::equal(known.sites.begin(), known.sites.end(), missing.sites.begin()))
    return;
  missing.rows.erase(missing.rows.begin(), behind(missing.rows, known.rows));
  missing.sites.erase(missing.sites.begin(), behind(missing.sites, known.sites));
  models_.apply({told.target, told.checkpoint.model.at_ns, std::move(missing)});
  of.classes_lost = false;
}

bool Replayer::of_lost_classes(const Item& item) const {
  const bool sampling = std::holds_alternative<SampleClasses>(item.what) ||
                        std::holds_alternative<SampleTick>(item.what) ||
                        std::holds_alternative<SamplingEnded>(item.what);
  const auto of = sampling ? targets_.find(item.target) : targets_.end();
  return of != targets_.end() && of->second.classes_lost;
}

// Stands in front of everything: the next segment's checkpoints are the beginning.
Status Replayer::take_this(const WindowKept& kept) {
  if (recording_.window || !targets_.empty()) return {};
  recording_.window = kept;
  gap_ = !kept.from_the_start;
  return {};
}

// Only behind a gap: else all of it was told before.
Status Replayer::take_this(const CheckpointTold& told) {
  const auto found = targets_.find(told.target);
  if (found == targets_.end() || found->second.gone || !found->second.wants_checkpoint) return {};
  Of& of = found->second;
  of.wants_checkpoint = false;
  if (over(told.target)) return {};
  const OpenState& open = told.checkpoint.model;
  now_ns_ = std::max(now_ns_, open.at_ns);
  of.part.begins(open.at_ns);
  if (!of.gap_from_ns) {  // its beginning is missing
    if (auto restored = models_.restore(told.target, told.checkpoint); !restored) return restored;
    of.part.begins_with(moment_of(models_.all().at(told.target), open.at_ns, {of.records, of.lost}));
    if (!recording_.window) of.recorded->lack.beginning = MissingBeginning{.ns = {}, .lost = of.lost};
    return {};
  }
  lose_gap(told.target, of, open.at_ns);
  for (unsigned i = 0; i < GT_GROUP_COUNT; ++i)
    models_.apply({told.target, open.at_ns, GroupChanged{static_cast<gt_group>(i), open.groups[i].on}});
  models_.apply({told.target, open.at_ns, shown_by(open)});
  tell_classes(told, of);
  if (const std::uint64_t end = told.checkpoint.end_ns; end != kEndOfTime)
    models_.apply({told.target, end, TargetEnded{}});
  return {};
}

Status Replayer::take_this(const Item& item) {
  if (const auto* begun = std::get_if<TargetBegun>(&item.what)) {
    // A segment says again what has begun.
    if (targets_.contains(item.target)) return {};
    Of& of = targets_.try_emplace(item.target, wanted_, details_).first->second;
    of.recorded = std::make_unique<RecordedTarget>();
    of.recorded->id = item.target;
    of.recorded->start_time_ticks = begun->start_time_ticks;
    of.recorded->facts.target.host_pid = of.recorded->facts.target.pid = begun->host_pid;
    of.recorded->facts.target.exe = of.recorded->facts.target.file = begun->exe;
    of.recorded->facts.wait_reasons = begun->wait_reasons;
    of.recorded->label_key = begun->label_key;
    of.wants_checkpoint = behind_gap_;
    const bool begins_late = recording_.window && !recording_.window->from_the_start;
    if (const auto begin = begins_.find(item.target); begin != begins_.end() && !begins_late)
      of.part.begins(begin->second);
    order_.push_back(item.target);
  }
  const auto known = targets_.find(item.target);
  if (known != targets_.end() && known->second.gone) return {};
  const bool says_when = item.at_ns != 0 && !is_definition(item) && !std::holds_alternative<Loss>(item.what);
  if (known != targets_.end() && known->second.gap_from_ns && says_when)
    lose_gap(item.target, known->second, item.at_ns);
  if (of_lost_classes(item)) return {};
  if (const auto* loss = std::get_if<Loss>(&item.what)) {
    recording_.lost += loss->count;
    if (known != targets_.end()) {
      known->second.lost += loss->count;
      if (loss->to_ns != kEndOfTime)
        known->second.lost_to_ns = std::max(known->second.lost_to_ns, loss->to_ns);
      // Behind it comes what is open, on which a model that knows nothing begins.
      if (known->second.wants_checkpoint && !known->second.gap_from_ns) return {};
    }
  }
  if (const auto* tick = std::get_if<SampleTick>(&item.what);
      tick != nullptr && tick->slots > kMaxSampledSlots) {
    models_.apply({item.target, item.at_ns, SamplesLost{1}});
    return {};
  }
  if (const auto* run = std::get_if<Records>(&item.what)) recording_.records += run->records.size();
  if (std::holds_alternative<TargetGone>(item.what)) {
    if (known != targets_.end()) {
      take_tables(item.target, known->second);
      known->second.gone = true;
    }
  }
  apply(item, known == targets_.end() ? nullptr : &known->second);
  take_waits();
  if (says_when && item.at_ns != kEndOfTime) now_ns_ = std::max(now_ns_, item.at_ns);
  return {};
}

void Replayer::take_waits() {
  models_.take_waits([this](TargetId target, const Models::Of&, const std::vector<Wait>& waits) {
    const auto of = targets_.find(target);
    if (of == targets_.end() || of->second.gone) return;
    for (const Wait& wait : waits) {
      if (of->second.part.holds(wait.end_ns)) of->second.recorded->chains.add(wait);
    }
  });
}

// What lies behind an end of the part that is wanted is applied once that end is taken.
void Replayer::apply(const Item& item, Of* of) {
  const bool definition = is_definition(item);
  if (of != nullptr && item.at_ns != 0 && !definition) of->part.begins(item.at_ns);
  if (std::holds_alternative<Advanced>(item.what)) {
    for (auto& [id, each] : targets_) take_ends(id, each, item.at_ns);
  } else if (of != nullptr && std::holds_alternative<Records>(item.what)) {
    return apply_records(item, *of);
  } else if (of != nullptr && item.at_ns != 0 && !definition) {
    take_ends(item.target, *of, item.at_ns);
  }
  models_.apply(item);
}

void Replayer::apply_records(const Item& item, Of& of) {
  const std::size_t all = std::get<Records>(item.what).records.size();
  const auto model = models_.all().find(item.target);
  std::size_t done = 0;
  while (model != models_.all().end()) {
    const auto end = of.next();
    const std::size_t before = done;
    done = models_.apply_below(item, done, end.value_or(kEndOfTime));
    of.records += done - before;
    if (done == all || !end) return;
    of.take(model->second);
  }
}

void Replayer::take_ends(TargetId target, Of& of, std::uint64_t before_ns) {
  const auto model = models_.all().find(target);
  if (of.gone || model == models_.all().end()) return;
  for (auto end = of.next(); end && *end < before_ns; end = of.next()) of.take(model->second);
}

void Replayer::take_tables(TargetId target, Of& of) {
  const auto found = models_.all().find(target);
  if (found == models_.all().end()) return;
  RecordedTarget& out = *of.recorded;
  const bool whole = of.facts && of.facts->whole;
  if (of.facts) out.facts = std::move(of.facts->facts);
  const std::uint64_t known_to = std::max(told_until(), of.lost_to_ns);
  const std::uint64_t end = whole ? out.facts.end_ns : std::min(found->second.end_ns, known_to);
  // What is missing up to the end does not say that probes went.
  const std::uint64_t told_to = std::min({end, told_until(), of.gap_from_ns.value_or(end)});
  if (of.gap_from_ns) lose_gap(target, of, end);
  if (!of.facts)
    out.facts = facts_of_stream(std::move(out.facts), found->second.tables(end), {of.records, of.lost},
                                of.part.window_ns(), end, told_to);
  if (!whole) {
    const std::uint64_t told = of.facts ? out.facts.end_ns : 0;
    out.facts.end_ns = end;
    if (out.facts.begin_ns == 0) out.facts.begin_ns = end;  // the session had not begun
    if (told < end) out.lack.told_ns = told;
    if (of.facts) out.facts.events = events_in_file(std::move(out.facts.events), {of.records, of.lost});
    if (!of.facts || !recording_.window || !recording_.window->goes_on)
      out.facts.notices.push_back(
          last_word_text(recording_.damage.cut, told == 0 ? std::nullopt : std::optional(since(end, told))));
  }
  if (auto& late = out.lack.beginning) {
    if (of.facts) late->ns = since(of.part.start()->at_ns, out.facts.begin_ns);
    out.facts.notices.push_back(beginning_text(*late));
  }
  // The session counts what is on its way, too.
  const bool goes_on = !whole && recording_.window;
  if (wanted_.any() || of.part.start() || goes_on) {
    auto part =
        known_of_part(out.facts, wanted_, of.part, moment_of(found->second, end, {of.records, of.lost}));
    if (!part) {
      of.recorded.reset();
      return;
    }
    out.facts = std::move(part->facts);
    if (!part->cost_is_told || out.lack.told_ns <= out.facts.begin_ns) out.lack.told_ns = 0;
    out.tables = std::move(part->tables);
  } else {
    if (whole && recording_.damage.within() != 0)
      recording_.lost += count_damaged(out.facts.events, of.records);
    out.tables = found->second.tables(end);
    count_unread(out.tables, out.facts);
  }
  out.series = of.series.finish(out.facts.begin_ns, out.facts.end_ns, found->second, {of.records, of.lost});
  NamedStacks::Map more;
  if (details_.chains) out.chains.each_stack(MoreStacks{found->second, more});
  if (details_.open) {
    out.open = of.open ? std::move(of.open) : found->second.model->open_state(end);
    out.open->each_stack(MoreStacks{found->second, more});
    more.merge(of.open_stacks);
  }
  out.symbols.add(out.tables.stacks.with(more));
}

Result<Recording> Replayer::finish(FileDamage damage) {
  recording_.damage = damage;
  for (const TargetId id : order_) {
    Of& of = targets_.at(id);
    if (!of.gone) take_tables(id, of);
    if (!of.recorded) continue;
    RecordedTarget& out = *of.recorded;
    out.lack.damage = damage;
    if (damage.within() != 0) out.facts.notices.push_back(missing_text(out.lack, out.facts.begin_ns));
    if (recording_.window) of.recorded->facts.notices.push_back(window_text(*recording_.window));
    recording_.targets.push_back(std::move(of.recorded));
  }
  if (recording_.targets.empty() && !order_.empty())
    return fail(ErrorKind::kUsage, "--from lies behind the end of the recording");
  return std::move(recording_);
}

}  // namespace

Result<FileDamage> read_items(const std::string& path, const FileVisitor& visitor) {
  auto reader = ChunkFileReader::open(path);
  if (!reader) return std::unexpected(reader.error());
  Decoder decoder;
  FileClaims claims;
  Status visited;
  const auto message = [&](std::string_view bytes) -> Status {
    claims.read((*reader)->bytes_read());
    decoder.allow_rows(claims.rows());
    auto taken = decoder.take(bytes, [&](const FileItem& item) {
      if (visited) visited = claims.take(item);
      if (visited) visited = visitor.item(item);
    });
    return taken ? visited : taken;
  };
  const auto gap = [&] {
    decoder.forget();
    visitor.gap();
  };
  if (auto read = (*reader)->read({.message = message, .segment = visitor.segment, .gap = gap}); !read)
    return std::unexpected(read.error());
  return (*reader)->damage();
}

Result<Recording> replay(const std::string& path, const PartWanted& wanted, const DetailsWanted& details) {
  std::map<TargetId, std::uint64_t> begins;
  if (wanted.any()) {
    const auto note = [&begins](const FileItem& item) -> Status {
      if (const auto* told = std::get_if<FactsTold>(&item)) begins[told->target] = told->facts.begin_ns;
      return {};
    };
    if (auto read = read_items(path, {.item = note}); !read) return std::unexpected(read.error());
  }
  Replayer replayer(wanted, details, std::move(begins));
  auto damage = read_items(path, {.item = [&](const FileItem& item) { return replayer.take(item); },
                                  .segment = [&] { replayer.segment(); },
                                  .gap = [&] { replayer.gap(); }});
  if (!damage) return std::unexpected(damage.error());
  return replayer.finish(*damage);
}

}  // namespace gorotrace
