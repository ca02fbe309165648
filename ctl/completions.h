// SPDX-License-Identifier: Apache-2.0
// What lets bash, zsh and fish complete imgdedupctl, written from its table of commands.
#pragma once

#include <string>

namespace imgdedup::ctl {

/// Whole files, as completions/ holds them.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace imgdedup::ctl
