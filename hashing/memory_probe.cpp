// SPDX-License-Identifier: Apache-2.0
// Whether a library will get the memory that it needs.
#include "hashing/memory_probe.h"

#include <sys/mman.h>

#include <new>

namespace imgdedup::hashing {

void require_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  // Not malloc: a compiler may leave out what is allocated and freed at once.
  void* tried =
      ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (tried == MAP_FAILED) throw std::bad_alloc();
  ::munmap(tried, bytes);
}

}  // namespace imgdedup::hashing
