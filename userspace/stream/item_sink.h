// Who reads the stream.
#pragma once

#include <memory>

#include "stream/item.h"

namespace gorotrace {

class ItemSink {
 public:
  virtual ~ItemSink() = default;
  // On the router's thread, which waits for nobody: returns soon, whatever becomes of the batch. All sinks
  // get the same one.
  virtual void push(std::shared_ptr<const Batch> batch) = 0;
};

}  // namespace gorotrace
