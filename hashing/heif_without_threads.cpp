// SPDX-License-Identifier: Apache-2.0
// Keeps libheif from starting threads: a worker works alone, and its sandbox may forbid them.
//
// libheif 1.15 asks libde265 for one thread and dav1d for one a processor, and has no setting for
// either. What a program defines itself comes before what its libraries define, so libheif finds
// these two functions instead.
#include <dav1d/dav1d.h>
#include <dlfcn.h>
#include <libde265/de265.h>

#include "hashing/heif_file.h"

namespace imgdedup::hashing {

void link_without_threads() {}

}  // namespace imgdedup::hashing

extern "C" {

/// Without threads libde265 decodes within de265_decode(), which is a documented way to use it.
__attribute__((visibility("default"))) de265_error de265_start_worker_threads(
    de265_decoder_context* /*decoder*/, int /*count*/) {
  return DE265_OK;
}

__attribute__((visibility("default"))) void dav1d_default_settings(Dav1dSettings* settings) {
  using Function = void (*)(Dav1dSettings*);
  static const auto original =
      reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "dav1d_default_settings"));
  original(settings);
  settings->n_threads = 1;
  settings->max_frame_delay = 1;
}

}  // extern "C"
