// SPDX-License-Identifier: Apache-2.0
// What a sandbox around a worker relies on.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bytes_of.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace imgdedup::testing;

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

/// From here on the process ends by SIGSYS when it opens a file or starts a thread or process.
bool end_at_opening_and_cloning() {
  constexpr std::uint32_t fatal[] = {
      __NR_open,  __NR_openat, __NR_creat, __NR_mkdir, __NR_unlink, __NR_unlinkat, __NR_rename,
      __NR_clone, __NR_clone3, __NR_fork,  __NR_vfork, __NR_execve, __NR_socket};
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const std::uint32_t call : fatal) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// Measures and compares all of `files` in a process of its own that has warmed its codecs. How it
/// ended: its exit status, or minus the signal; and the file that it had in its hands.
struct End {
  int status = 0;
  std::string file;
};
End end_of_measuring_alone(const std::vector<std::pair<std::string, std::string>>& files,
                           const std::string& other) {
  constexpr int no_filter = 77;
  void* const shared = ::mmap(nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto& index = *static_cast<volatile std::size_t*>(shared);
  const pid_t child = ::fork();
  if (child == 0) {
    warm_codecs();
    if (!end_at_opening_and_cloning()) ::_exit(no_filter);
    for (std::size_t i = 0; i < files.size(); ++i) {
      index = i;
      const auto file = bytes_of(files[i].second);
      (void)measure_image(file, {}, {.features = true});
      (void)compare_images(file, bytes_of(other), {}, {.features = true});
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  End end{WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), files[index].first};
  ::munmap(shared, sizeof(std::size_t));
  return end;
}

void add_halves(std::vector<std::pair<std::string, std::string>>& files) {
  for (std::size_t i = 0, count = files.size(); i < count; ++i)
    files.emplace_back("half of " + files[i].first,
                       files[i].second.substr(0, files[i].second.size() / 2));
}

}  // namespace

TEST_CASE("once the codecs are warm none opens a file or starts a thread") {
  const cv::Mat picture = draw_picture(1, {200, 152});
  const std::string png = encode_picture(picture, ".png");
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* extension : {".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm", ".jp2"})
    files.emplace_back(extension, encode_picture(picture, extension));
  files.emplace_back("WebP animation", encode_webp_animation({picture}, picture.size()));
  files.emplace_back("icon", encode_icon({bitmap_in_icon(picture)}));
  files.emplace_back("DNG", encode_dng(encode_picture(picture, ".jpg"), 6));
  const auto add = [&files](const char* name, std::optional<std::string> file) {
    if (file) files.emplace_back(name, std::move(*file));
  };
  add("GIF", encode_gif({picture}));
  add("HEIC", encode_heif({picture}, HeifCodec::hevc));
  add("AVIF", encode_heif({picture}, HeifCodec::av1));
  add("JPEG XL", encode_jpegxl({picture}));
  add("lossy JPEG XL", encode_jpegxl({picture}, 1));
  add("JPEG of 12 bits", encode_jpeg12(picture));
  add_halves(files);
  // Each alone: nothing that the first does serves the second.
  for (const auto& file : files) {
    const End end = end_of_measuring_alone({file}, png);
    INFO(end.file);
    CHECK(end.status == 0);
  }
}

TEST_CASE(
    "none of the collected files of all formats makes a warm codec open a file, nor a hostile "
    "one") {
  const char* const data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* folder : {"formats", "hostile"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(data) / folder))
      if (entry.is_regular_file()) files.emplace_back(entry.path(), read_file(entry.path()));
  CHECK(files.size() > 250);
  add_halves(files);
  const End end = end_of_measuring_alone(files, encode_picture(draw_picture(1), ".png"));
  INFO(end.file);
  CHECK(end.status == 0);
}

#endif
