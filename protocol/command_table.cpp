// SPDX-License-Identifier: Apache-2.0
// The rows of the command table.
#include "protocol/command_table.h"

#include <array>

namespace imgdedup::protocol {
namespace {

using enum ParameterKind;
using enum Presence;

constexpr Parameter under{"under", path, optional, "only what lies in or below this folder"};
constexpr Parameter after{"after", cursor, optional, "`next` of the page before"};
constexpr Parameter limit{"limit", integer, optional, "items of one page at most", 1, 1000, 1000};
constexpr Parameter moves_limit{
    "limit", integer, optional, "files that one call moves or deletes at most", 1, 100, 100};

constexpr auto sync_parameters = std::to_array<Parameter>(
    {{"timeout", duration, optional, "give up after this long; absent: never"}});
constexpr auto duplicates_parameters = std::to_array<Parameter>(
    {{"relation", relation, optional, "only decisions that rest on this relation"},
     under,
     limit,
     {"after", cursor, optional, "only decisions older than the one with this id"}});
constexpr auto under_page_parameters = std::to_array<Parameter>({under, limit, after});
constexpr auto page_parameters = std::to_array<Parameter>({limit, after});
constexpr auto query_parameters = std::to_array<Parameter>(
    {{"paths", path_list, required,
      "names of the files, for the answer alone; their open descriptors come with the request, in "
      "the same order"}});
constexpr auto explain_parameters = std::to_array<Parameter>(
    {{"first", path, required,
      "name of a file, in the catalog or not; both open descriptors come with the request"},
     {"second", path, required, "name of another file"}});
constexpr auto distinct_parameters = std::to_array<Parameter>(
    {{"first", path, required, "a file in the catalog"},
     {"second", path, required, "another file in the catalog"},
     {"undo", boolean, optional, "forget that they were declared distinct"}});
constexpr auto quarantine_list_parameters = std::to_array<Parameter>(
    {{"orphans", boolean, optional, "only the last copies of their content"}, limit, after});
constexpr auto restore_parameters =
    std::to_array<Parameter>({{"ids", id_list, optional, "the entries to put back"},
                              {"all", boolean, optional, "every entry, page by page"},
                              moves_limit,
                              after});
constexpr auto restore_choice = std::to_array<std::string_view>({"ids", "all"});
constexpr auto apply_parameters = std::to_array<Parameter>(
    {{"ids", id_list, optional, "the decisions to take anew"},
     {"all", boolean, optional, "every decision that the settings would quarantine, page by page"},
     {"limit", integer, optional, "decisions that one call looks at at most", 1, 1000, 1000},
     after});
constexpr auto apply_choice = std::to_array<std::string_view>({"ids", "all"});
constexpr auto purge_parameters = std::to_array<Parameter>(
    {{"ids", id_list, optional, "the entries to delete"},
     {"older_than", duration, optional,
      "every entry that has been in quarantine at least this long, page by page"},
     {"force", boolean, optional, "delete last copies too"},
     moves_limit,
     after});
constexpr auto purge_choice = std::to_array<std::string_view>({"ids", "older_than"});
constexpr auto rescan_parameters = std::to_array<Parameter>(
    {{"directory", path, optional, "a watched folder or one below; absent: all watched folders"}});
constexpr auto events_parameters = std::to_array<Parameter>(
    {{"follow", boolean, optional,
      "answer with the ten newest decisions, then send each new one as a notification"},
     limit,
     after});

using enum CommandLevel;

constexpr auto commands = std::to_array<Command>({
    {"status", read, "status", "state of the service, its folders and its counts", {}, {}},
    {"sync",
     read,
     "sync [--timeout 60s]",
     "wait until all that lies in the folders now has its decision",
     sync_parameters,
     {}},
    {"duplicates",
     read,
     "duplicates [--relation R] [--under DIR] [--limit N] [--after ID]",
     "list the decisions that stand, newest first",
     duplicates_parameters,
     {}},
    {"groups",
     read,
     "groups [--under DIR]",
     "list each original with its duplicates",
     under_page_parameters,
     {}},
    {"query",
     read,
     "query FILE...",
     "say what each file would be judged to be; nothing is recorded",
     query_parameters,
     {}},
    {"explain",
     read,
     "explain A B",
     "show every measure between two files, and the step that decides what they are",
     explain_parameters,
     {}},
    {"distinct",
     change,
     "distinct [--undo] A B",
     "remember that two files are no duplicates of each other",
     distinct_parameters,
     {}},
    {"quarantine.list",
     read,
     "quarantine list [--orphans]",
     "list what lies in quarantine",
     quarantine_list_parameters,
     {}},
    {"quarantine.apply", change, "quarantine apply ID...|--all",
     "take logged decisions anew, so that what the settings now quarantine is moved",
     apply_parameters, apply_choice},
    {"quarantine.restore", change, "quarantine restore ID...|--all",
     "put files back to where they were; never over another file", restore_parameters,
     restore_choice},
    {"quarantine.purge", change, "quarantine purge ID...|--older-than 30d [--force]",
     "delete files in quarantine for good; last copies only with --force", purge_parameters,
     purge_choice},
    {"files",
     read,
     "files [--under DIR] [-0]",
     "list every file in the catalog",
     under_page_parameters,
     {}},
    {"unreadable",
     read,
     "unreadable",
     "list the files that could not be read as images, and why",
     page_parameters,
     {}},
    {"rescan",
     change,
     "rescan [DIR]",
     "compare folders with the catalog now",
     rescan_parameters,
     {}},
    {"pause", change, "pause", "judge and move nothing until resume", {}, {}},
    {"resume", change, "resume", "go on after pause", {}, {}},
    {"reload", change, "reload", "read the settings again", {}, {}},
    {"events",
     read,
     "events [--follow]",
     "print decisions, a JSON line each",
     events_parameters,
     {}},
    {"metrics", read, "metrics", "print the figures of status in Prometheus text form", {}, {}},
});

}  // namespace

std::string_view name_of(CommandLevel level) {
  return level == CommandLevel::read ? "read" : "change";
}

std::span<const Command> all_commands() { return commands; }

const Command* find_command(std::string_view name) {
  for (const Command& command : commands)
    if (command.name == name) return &command;
  return nullptr;
}

}  // namespace imgdedup::protocol
