// A sink that writes the stream to a capture file, with what a reader on another machine needs beside it, or
// keeps the last part of what would be in that file in memory (a flight recorder).
// Nobody waits for the disk: what it cannot take in time, or at all, is dropped, counted, and a Loss in the
// file. What was written stays readable, whenever the writer ends. Threads: push() on the router's, the rest
// on control's; a thread of its own writes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "recording/chunk_file.h"
#include "recording/claimed_file.h"
#include "recording/file_item.h"
#include "recording/rolling_chunks.h"
#include "recording/told_names.h"
#include "stream/models.h"
#include "stream/models_watch.h"
#include "stream/sink_thread.h"

namespace gorotrace {

// What is told of a window that goes on: it is as of now, and what is known behind its end alone is not in
// it.
[[nodiscard]] StatFacts so_far(StatFacts known);

class Recorder : public ItemSink {
 public:
  struct Options {
    std::size_t max_queued_bytes = 64u << 20;  // what may wait for the disk
    // A writer that is killed loses no more than this; a disk that is full is tried again so often.
    std::uint64_t flush_ns = 1'000'000'000;
    // A damaged chunk costs the rest of its segment, which is as long, or shorter: it ends once it is 20
    // times as large as the checkpoint with which it began.
    std::uint64_t segment_ns = 10'000'000'000;
    // Is shown the models as they are by what was written; outlives the recorder. nullptr: nobody.
    ModelsWatch* watch = nullptr;
    // A regular file stays as it is until go_on(): what comes before is kept in memory.
    bool held = false;
  };

  // The file is there, as it was, until the first target begins, or until go_on(); then it is emptied. It is
  // no other recorder's, and goes again if it was made and that never came. It may be a pipe, with a reader.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> make(const std::string& path) {
    return make(path, {});
  }
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> make(const std::string& path,
                                                              const Options& options);
  // There is no file: kept() has what one would hold. Checkpoints take at most a twentieth of the thread's
  // time.
  [[nodiscard]] static std::unique_ptr<Recorder> in_memory(const RollingChunks::Bounds& bounds,
                                                           const Options& options);
  ~Recorder() override;

  // Options::held: all targets that were wanted have begun. Before close(), or nothing is written.
  void go_on() { goes_on_ = true; }

  // Of a target that begins behind this call.
  [[nodiscard]] Status name(TargetId target, PcNames names);
  void push(std::shared_ptr<const Batch> batch) override {
    if (thread_) thread_->push(std::move(batch));
  }
  // What is known of a target by now; behind all that was pushed. Of its records that are not in the file the
  // recorder knows.
  void tell(FactsTold facts);
  // In memory: what there is of the recording once all that was pushed and told before is in. `take` is
  // called on the recorder's thread, and returns soon.
  void ask_kept(std::function<void(KeptChunks)> take);
  // The same, behind close().
  [[nodiscard]] KeptChunks kept() const { return rolling_->keep(records_); }

  // The whole rest, and the file's end. Nothing is pushed or told any more. The error that kept something
  // from the file, if any did.
  [[nodiscard]] Status close();

  // What the file held before has this name, once the recording goes on; "": it held nothing.
  [[nodiscard]] const std::string& kept_as() const { return kept_as_; }

  struct Figures {
    std::uint64_t records = 0;  // in the file
    std::uint64_t bytes = 0;    // of the file; in memory: of memory
    std::uint64_t kept_ns = 0;  // in memory: how long the part is
    std::uint64_t dropped = 0;  // records that are not in it: the disk was behind, or refused them
    std::string error;          // the last that the disk gave; "" = none
  };
  [[nodiscard]] Figures figures() const;
  // Of a target that is not gone.
  [[nodiscard]] std::uint64_t dropped(TargetId target) const;
  // Ticks; in memory also those that a segment's begin makes useless to who begins there. When the number has
  // changed, ticks should begin anew.
  [[nodiscard]] std::uint64_t dropped_samples(TargetId target) const;

 private:
  explicit Recorder(const Options& options);
  [[nodiscard]] Result<std::unique_ptr<ChunkDestination>> destination();
  [[nodiscard]] Status start();
  void take(const Batch& batch);
  void take(const Item& item);
  void take_facts();
  void hand_out_kept();
  void define_what_it_names(const Item& item);
  void write(const FileItem& item);
  void write(const Item& item);
  template <typename Encode>
  void write_by(const Encode& encode);
  void settle(FactsTold& facts) const;
  void flush();
  void flush_if_due();
  void count_written();
  void begin_segment();
  [[nodiscard]] bool segment_is_due(std::uint64_t now_ns) const;
  void write_checkpoint(TargetId target, const Models::Of& of);
  void failed(const Error& error);
  void lose_what_waits();
  [[nodiscard]] ToldNames& names_of(TargetId target);
  [[nodiscard]] StackRef stack_of(TargetId target, std::uint64_t id) const;

  const Options options_;
  std::atomic<bool> goes_on_;
  std::optional<ClaimedFile> file_;  // until the writer has it
  std::string kept_as_;
  // The thread's own.
  std::unique_ptr<ChunkFileWriter> writer_;
  std::optional<RollingChunks::Bounds> bounds_;  // in memory
  RollingChunks* rolling_ = nullptr;             // the writer's destination
  std::uint64_t records_ = 0;                    // that were written so far
  Models models_;                                // what is open: stacks that are told again
  std::unordered_map<TargetId, ToldNames> names_;
  std::unordered_map<TargetId, FactsTold> facts_;
  // Records that are collected and not yet in the file.
  struct Waiting {
    std::uint64_t from_ns = 0, to_ns = 0, count = 0;
  };
  std::unordered_map<TargetId, Waiting> waiting_, lost_;
  std::uint64_t flushed_ns_ = 0;  // the last time that it was tried
  struct Segment {
    std::uint64_t began_ns = 0;
    std::uint64_t begins_at = 0;                // bytes of the file
    std::uint64_t checkpoint_bytes = 64 << 10;  // of the last one; of the first a guess
    std::uint64_t checkpoint_took_ns = 0;
  };
  Segment segment_;
  bool failing_ = false;

  mutable std::mutex mutex_;
  std::unordered_map<TargetId, PcNames> named_;         // not yet taken
  std::vector<FactsTold> told_;                         // likewise
  std::vector<std::function<void(KeptChunks)>> asked_;  // likewise
  std::unordered_map<TargetId, std::uint64_t>
      refused_;  // records, that the disk did; at the end also the others
  Figures figures_;
  std::atomic<std::uint64_t> segments_ = 0;  // that began with a checkpoint

  std::unique_ptr<SinkThread> thread_;  // last: it uses the others
};

}  // namespace gorotrace
