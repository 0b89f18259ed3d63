#include "capture/own_code.h"

#include <unistd.h>

#include "capture/attach.h"

namespace gorotrace {

Result<std::uint64_t> own_code_offset(void (*function)()) {
  auto mappings = ExecutableMappings::make(::getpid(), kOwnExecutable);
  if (!mappings) return std::unexpected(mappings.error());
  const auto offset = mappings->file_offset_of(reinterpret_cast<std::uint64_t>(function));
  if (!offset) return fail(ErrorKind::kFailed, "our own code is not in our executable");
  return *offset;
}

}  // namespace gorotrace
