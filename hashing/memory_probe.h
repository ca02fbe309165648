// SPDX-License-Identifier: Apache-2.0
// Whether a library will get the memory that it needs, asked before it does.
#pragma once

#include <cstdint>

namespace imgdedup::hashing {

/// Throws std::bad_alloc unless `bytes` of address space can be had at this moment. Some libraries
/// crash when an allocation fails half-way, or call the file damaged; a picture that does not fit
/// is to be refused for that. Any thread.
void require_memory(std::uint64_t bytes);

}  // namespace imgdedup::hashing
