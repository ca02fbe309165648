// SPDX-License-Identifier: Apache-2.0
// Rows of the catalog as the reports of the protocol.
#pragma once

#include <cstdint>

#include "protocol/reports.h"
#include "store/records.h"

namespace imgdedup::daemon {

protocol::DecisionReport report_of(const store::CatalogDecision& decision);
/// last_copy: whether no judged file has the entry's content.
protocol::QuarantineEntryReport report_of(const store::QuarantineEntry& entry, bool last_copy,
                                          bool changed);

/// To the millisecond, from nanoseconds since 1970.
protocol::Time time_from_ns(std::int64_t nanoseconds);

}  // namespace imgdedup::daemon
