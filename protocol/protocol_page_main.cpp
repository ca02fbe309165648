// SPDX-License-Identifier: Apache-2.0
// imgdedup-protocol-page: prints docs/protocol.md. Built with the tests, not installed.
#include <iostream>

#include "protocol/command_table.h"

int main() {
  std::cout << imgdedup::protocol::protocol_markdown();
  return std::cout.flush() ? 0 : 1;
}
