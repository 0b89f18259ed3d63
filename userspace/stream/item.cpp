#include "stream/item.h"

namespace gorotrace {

std::size_t bytes_of(const Item& item) {
  std::size_t bytes = sizeof(Item);
  if (const auto* run = std::get_if<Records>(&item.what)) bytes += run->records.size() * sizeof(gt_record);
  if (const auto* stack = std::get_if<StackDefined>(&item.what))
    bytes += sizeof(StackPcs) + stack->stack->pcs.size() * sizeof(std::uint64_t);
  if (const auto* defined = std::get_if<ValueDefined>(&item.what))
    bytes += defined->value.type.size() + defined->value.text.size();
  if (const auto* snapshot = std::get_if<Snapshot>(&item.what))
    bytes += snapshot->goroutines.size() * sizeof(GoroutineSnapshot) +
             snapshot->label_values.size() * sizeof(LabelValue);
  if (const auto* seen = std::get_if<SeenObjects>(&item.what))
    bytes += seen->objects.size() * sizeof(SeenObject);
  if (const auto* classes = std::get_if<SampleClasses>(&item.what))
    bytes += classes->rows.size() * sizeof(BlockingKey) + classes->sites.size() * sizeof(SampleSite) +
             classes->labels.size() * sizeof(LabelValue);
  if (const auto* tick = std::get_if<SampleTick>(&item.what)) {
    bytes += tick->changed.size() * sizeof(SampleChange);
    for (const auto& counts : tick->counts) bytes += counts.size() * sizeof(ClassCount);
  }
  return bytes;
}

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = sizeof(Batch);
  for (const Item& item : batch.items) bytes += bytes_of(item);
  return bytes;
}

}  // namespace gorotrace
