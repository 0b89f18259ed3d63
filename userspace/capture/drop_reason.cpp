#include "capture/drop_reason.h"

namespace gorotrace {

const char* drop_reason_name(gt_drop reason) {
  switch (reason) {
    case GT_DROP_RING_FULL:
      return "ring_full";
    case GT_DROP_SCRATCH_BUSY:
      return "scratch_busy";
    case GT_DROP_BAD_G:
      return "bad_g";
    case GT_DROP_COUNT:
      break;
  }
  return "unknown";
}

const char* stack_fail_name(gt_stack_fail reason) {
  switch (reason) {
    case GT_STACK_READ_FAILED:
      return "read_failed";
    case GT_STACK_MAP_FULL:
      return "map_full";
    case GT_STACK_NO_BASE:
      return "no_base";
    case GT_STACK_FAIL_COUNT:
      break;
  }
  return "unknown";
}

}  // namespace gorotrace
