// SPDX-License-Identifier: Apache-2.0
// imgdedup-client-pages: prints what is written from the client's table of commands. Not installed.
#include <iostream>
#include <string_view>

#include "ctl/completions.h"
#include "ctl/manual_page.h"

int main(int count, char** arguments) {
  using namespace imgdedup::ctl;
  const std::string_view page = count == 2 ? arguments[1] : "";
  if (page == "manual")
    std::cout << commands_manual();
  else if (page == "bash")
    std::cout << bash_completion();
  else if (page == "zsh")
    std::cout << zsh_completion();
  else if (page == "fish")
    std::cout << fish_completion();
  else
    return 2;
  return std::cout.flush() ? 0 : 1;
}
