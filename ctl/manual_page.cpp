// SPDX-License-Identifier: Apache-2.0
// The part of imgdedupctl(1) that tells the commands, written from their table.
#include "ctl/manual_page.h"

#include "ctl/command_line.h"

namespace imgdedup::ctl {
namespace {

constexpr std::size_t columns = 100;

/// Without the characters by which scdoc would mean something.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '_' || c == '*' || c == '\\' || c == '<' || c == '>' || c == '#' || c == '~')
      result += '\\';
    result += c;
  }
  return result;
}

std::string paragraph(std::string_view text, std::string_view indent) {
  return wrapped(escaped(text), indent, columns);
}

std::string entry(const CommandOutline& outline) {
  std::string text = "*" + escaped(outline.command->usage) + "*\n" +
                     paragraph(sentence_of(outline.command->help), "\t") + "\n" +
                     paragraph(outline.description->text, "\t");
  if (outline.command->level == protocol::CommandLevel::change)
    text += "\n" + paragraph("Needs the right to change things: see RIGHTS.", "\t");
  for (const OptionOutline& option : outline.options) {
    text += "\n\t*" + escaped(option.name) + "*";
    if (!option.value.empty()) text += " _" + escaped(option.value) + "_";
    text += "\n" + paragraph(sentence_of(option.help), "\t\t");
  }
  return text + "\n";
}

}  // namespace

std::string commands_manual() {
  std::string text;
  const CommandLine line;
  for (const protocol::Command& command : protocol::all_commands())
    for (const CommandOutline& outline : line.outline())
      if (outline.command == &command) text += entry(outline);
  for (const CommandOutline& outline : line.outline())
    if (!protocol::find_command(outline.command->name)) text += entry(outline);
  return text;
}

}  // namespace imgdedup::ctl
