/* What the calibration's program tells user space (calibration.bpf.c); C and C++. */
#ifndef GOROTRACE_SHARED_CALIBRATION_H
#define GOROTRACE_SHARED_CALIBRATION_H

#include "bpf/shared/abi.h"

struct gt_reference {
	gt_u64 hits;
	gt_u64 sampled;    /* hits that were timed */
	gt_u64 sampled_ns; /* what the program's own clock saw of them */
	struct gt_record record;
};

#endif
