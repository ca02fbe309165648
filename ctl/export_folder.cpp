// SPDX-License-Identifier: Apache-2.0
// One folder that `export` fills.
#include "ctl/export_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "ctl/export_files.h"
#include "posix/file_copy.h"
#include "posix/safe_open.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

/// What `place` gives up with: becomes a problem of that file.
class NotExported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void throw_not_exported(const std::string& what, int error) {
  throw NotExported(what + ": " + std::generic_category().message(error));
}

/// The entry; empty where it, or its directory, is not there.
std::optional<ExportEntry> entry_below(int directory, const std::string& name) {
  return directory < 0 ? std::nullopt : entry_at(directory, name);
}

/// With these there is no point in going on to the next file.
bool is_of_the_whole_folder(int error) {
  return error == ENOSPC || error == EDQUOT || error == EROFS;
}

}  // namespace

ExportFolder::ExportFolder(std::string path, std::string list_name)
    : path_(std::move(path)), list_name_(std::move(list_name)) {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) throw std::runtime_error(path_ + ": the folder cannot be made: " + error.message());
  auto opened = posix::open_root(path_);
  if (!opened)
    throw std::runtime_error(
        path_ + ": the folder cannot be opened: " + std::generic_category().message(opened.error));
  root_ = std::move(opened.descriptor);
  if (::flock(root_.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error(path_ + ": another export is at work in this folder");
  read_record_text();
  if (record_changed_) write_record();
  const auto list = stamp_at(root_.get(), list_name_);
  if (list && !record_.list)
    throw std::runtime_error(list_path() +
                             " is not from an earlier export; move it away, or export elsewhere");
}

void ExportFolder::read_record_text() {
  try {
    for (const std::string_view name : {record_name, journal_name}) {
      const auto text = text_at(root_.get(), std::string(name));
      if (!text) continue;
      read_record(*text, record_);
      if (name == journal_name) record_changed_ = true;
    }
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path_ + "/" + std::string(record_name) +
                             ", the record of an earlier export, cannot be read: " + error.what() +
                             "; export into another folder");
  }
}

void ExportFolder::add_to_journal(const std::string& line) {
  if (!journal_) journal_ = open_for_appending(root_.get(), std::string(journal_name));
  append(journal_.get(), line);
  record_changed_ = true;
}

ExportFolder::Parent ExportFolder::parent_of(const std::string& exported, Missing missing) {
  const std::size_t slash = exported.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : exported.substr(0, slash);
  Parent result{-1, slash == std::string::npos ? exported : exported.substr(slash + 1), 0};
  if (!directory_ || open_parent_ != parent) {
    auto opened = missing == Missing::be_made ? make_directory_beneath(root_.get(), parent)
                                              : posix::open_directory_beneath(root_.get(), parent);
    directory_ = std::move(opened.descriptor);
    open_parent_ = parent;
    result.error = opened.error;
  }
  if (directory_) result.directory = directory_.get();
  return result;
}

void ExportFolder::remove_stale(const PlannedFiles& planned, const std::set<std::string>& staying) {
  for (auto file = record_.files.begin(); file != record_.files.end();) {
    if (planned.contains(file->first) || staying.contains(file->first)) {
      ++file;
      continue;
    }
    remove_one(file->first, file->second);
    file = record_.files.erase(file);
    record_changed_ = true;
  }
}

void ExportFolder::remove_one(const std::string& exported, const ExportedFile& file) {
  const Parent parent = parent_of(exported, Missing::stay_missing);
  const auto found = entry_below(parent.directory, parent.name);
  if (!found) return;
  if (!is_as_left(*found, file)) {
    problems_.push_back(
        {path_ + "/" + exported, "is not as an earlier export left it, so it was not removed"});
    return;
  }
  if (::unlinkat(parent.directory, parent.name.c_str(), 0) != 0) {
    problems_.push_back(
        {path_ + "/" + exported, "cannot be removed: " + std::generic_category().message(errno)});
    return;
  }
  ++figures_.removed;
  remove_empty_parents(exported);
}

void ExportFolder::remove_empty_parents(std::string exported) {
  directory_.reset();
  for (;;) {
    const std::size_t slash = exported.rfind('/');
    if (slash == std::string::npos) return;
    exported.resize(slash);
    const Parent parent = parent_of(exported, Missing::stay_missing);
    if (parent.directory < 0) return;
    if (::unlinkat(parent.directory, parent.name.c_str(), AT_REMOVEDIR) != 0) return;
    directory_.reset();
  }
}

void ExportFolder::place(const std::string& exported, const PlannedFile& file, ExportForm form) {
  const auto known = record_.files.find(exported);
  bool is_ours = false;
  const auto note = [&](const std::string& problem) {
    if (is_ours) present_.insert(exported);
    problems_.push_back(
        {file.source(),
         problem + (is_ours ? " (what an earlier export put there is left as it was)" : "")});
  };
  try {
    const Parent parent = parent_of(exported, Missing::stay_missing);
    const auto found = entry_below(parent.directory, parent.name);
    is_ours = known != record_.files.end() && found && is_as_left(*found, known->second);
    const auto source = posix::open_file_beneath(file.source_directory, file.source_relative);
    if (!source) throw_not_exported("cannot be opened", source.error);
    const ExportStamp stamp = stamp_of_open(source.descriptor.get());
    if (static_cast<std::uint64_t>(stamp.bytes) != file.bytes)
      throw NotExported("has changed since it was judged; export again after imgdedupctl sync");
    if (found && !is_ours) {
      if (!shows_the_same(parent.directory, parent.name, *found, source.descriptor.get(),
                          file.source(), form))
        throw NotExported((known != record_.files.end()
                               ? "what was exported of it has been changed since: "
                               : "another file is in the way: ") +
                          path_ + "/" + exported + "; move that away and export again");
    } else if (!is_ours || known->second.form != form || known->second.source != file.source() ||
               known->second.source_stamp != stamp) {
      if (form == ExportForm::copy)
        copy(exported, file, source.descriptor.get(), is_ours);
      else
        link(exported, file, is_ours);
    }
    present_.insert(exported);
  } catch (const std::system_error& error) {
    if (is_of_the_whole_folder(error.code().value()))
      throw std::runtime_error(path_ + ": " + error.code().message() +
                               "; what was exported so far stays, and a later export goes on");
    note(std::string("cannot be exported to ") + path_ + ": " + error.code().message());
  } catch (const NotExported& error) {
    note(error.what());
  }
}

void ExportFolder::copy(const std::string& exported, const PlannedFile& file, int source,
                        bool replaces) {
  const auto check = [](int result) {
    if (result != 0) throw std::system_error(errno, std::generic_category());
  };
  struct stat before {
  }, after{};
  check(::fstat(source, &before));
  const posix::UniqueDescriptor part = open_part(root_.get(), std::string(part_name));
  const std::uint64_t bytes = posix::copy_file_bytes(source, part.get());
  check(::fstat(source, &after));
  if (stamp_of(before) != stamp_of(after) || bytes != file.bytes)
    throw NotExported("was changed while it was copied; export again");
  const timespec times[]{before.st_atim, before.st_mtim};
  check(::fchmod(part.get(), before.st_mode & 0777));
  check(::futimens(part.get(), times));
  check(::fdatasync(part.get()));
  const ExportStamp stamp = stamp_of_open(part.get());
  if (static_cast<std::uint64_t>(stamp.bytes) != bytes)
    throw NotExported("its copy has another size; is the disk of " + path_ + " in order?");
  put_under_name(exported, {file.source(), ExportForm::copy, stamp_of(before), stamp}, replaces);
  figures_.bytes += bytes;
}

void ExportFolder::link(const std::string& exported, const PlannedFile& file, bool replaces) {
  const std::string part(part_name);
  ::unlinkat(root_.get(), part.c_str(), 0);
  const std::string source = file.source();
  if (::symlinkat(source.c_str(), root_.get(), part.c_str()) != 0)
    throw_not_exported("cannot be linked below " + path_, errno);
  struct stat status {};
  if (::fstatat(AT_FDCWD, source.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    throw_not_exported("cannot be read", errno);
  put_under_name(exported, {source, ExportForm::link, stamp_of(status), {}}, replaces);
}

// The journal says that the file is ours before it has its name, so that no interruption leaves one
// that nobody knows.
void ExportFolder::put_under_name(const std::string& exported, const ExportedFile& file,
                                  bool replaces) {
  const Parent parent = parent_of(exported, Missing::be_made);
  if (parent.directory < 0)
    throw_not_exported("its folder below " + path_ + " cannot be made", parent.error);
  add_to_journal(record_line(exported, file));
  const int error = give_name(root_.get(), std::string(part_name), parent.directory, parent.name,
                              replaces ? Replacing::yes : Replacing::no);
  if (error != 0) throw_not_exported("cannot be put at " + path_ + "/" + exported, error);
  record_.files.insert_or_assign(exported, file);
  ++figures_.copied;
}

void ExportFolder::finish(const PlannedFiles& planned, bool with_decisions) {
  figures_.files = present_.size();
  write_list(list_text(planned, present_, with_decisions));
  if (record_changed_) write_record();
  ::unlinkat(root_.get(), std::string(part_name).c_str(), 0);
}

// Folds the journal in, whose last line may be cut off.
void ExportFolder::write_record() {
  write_whole(record_name, record_text(record_), {});
  journal_.reset();
  ::unlinkat(root_.get(), std::string(journal_name).c_str(), 0);
  record_changed_ = false;
}

void ExportFolder::write_list(const std::string& text) {
  const auto stamp = stamp_at(root_.get(), list_name_);
  if (stamp && text_at(root_.get(), list_name_) == text) return;
  if (stamp && stamp != record_.list) {
    problems_.push_back({list_path(),
                         "was changed since the last export, so it was not written "
                         "again; move it away and export again"});
    return;
  }
  write_whole(list_name_, text, [&](const ExportStamp& written) {
    add_to_journal(record_line_of_list(written));
    record_.list = written;
  });
}

void ExportFolder::write_whole(std::string_view name, const std::string& text,
                               const std::function<void(const ExportStamp&)>& before_rename) {
  const std::string part(part_name);
  try {
    const posix::UniqueDescriptor file = open_part(root_.get(), part);
    append(file.get(), text);
    if (::fchmod(file.get(), 0666 & ~current_umask()) != 0 || ::fdatasync(file.get()) != 0)
      throw std::system_error(errno, std::generic_category());
    if (before_rename) before_rename(stamp_of_open(file.get()));
    if (::renameat(root_.get(), part.c_str(), root_.get(), std::string(name).c_str()) != 0)
      throw std::system_error(errno, std::generic_category());
  } catch (const std::system_error& error) {
    throw std::runtime_error(path_ + "/" + std::string(name) +
                             " cannot be written: " + error.code().message());
  }
}

}  // namespace imgdedup::ctl
