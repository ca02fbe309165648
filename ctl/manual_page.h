// SPDX-License-Identifier: Apache-2.0
// The part of imgdedupctl(1) that tells the commands, written from their table.
#pragma once

#include <string>
#include <string_view>

namespace imgdedup::ctl {

/// Lines of the page between which the part stands.
inline constexpr std::string_view manual_begin = "; written by imgdedup-client-pages from here\n";
inline constexpr std::string_view manual_end = "; written by imgdedup-client-pages up to here\n";

/// In scdoc(5): a paragraph a command, its options, its example.
std::string commands_manual();

}  // namespace imgdedup::ctl
