// SPDX-License-Identifier: Apache-2.0
// The commands of the client with their options, as values: for help, manual page and completions.
#include "ctl/command_outline.h"

#include <algorithm>

namespace imgdedup::ctl {

std::string CommandOutline::name() const {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string help_of_first_word(const std::vector<CommandOutline>& commands,
                               const std::string& first) {
  for (const CommandOutline& command : commands)
    if (command.words.size() == 1 && command.words.front() == first)
      return std::string(command.command->help);
  return quarantine_help;
}

std::vector<std::string> first_words(const std::vector<CommandOutline>& commands) {
  std::vector<std::string> words;
  for (const CommandOutline& command : commands)
    if (std::find(words.begin(), words.end(), command.words.front()) == words.end())
      words.push_back(command.words.front());
  return words;
}

std::vector<std::string> second_words(const std::vector<CommandOutline>& commands,
                                      const std::string& first) {
  std::vector<std::string> words;
  for (const CommandOutline& command : commands)
    if (command.words.size() > 1 && command.words.front() == first)
      words.push_back(command.words[1]);
  return words;
}

std::string sentence_of(std::string_view phrase) {
  std::string text(phrase);
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text + ".";
}

std::string wrapped(std::string_view text, std::string_view indent, std::size_t columns) {
  std::string result;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    if (column > 0 && column + 1 + word.size() > columns) {
      result += '\n';
      column = 0;
    }
    if (column == 0) {
      result += indent;
      column = indent.size();
    } else {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result.empty() ? result : result + '\n';
}

}  // namespace imgdedup::ctl
