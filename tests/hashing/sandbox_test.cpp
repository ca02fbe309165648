// SPDX-License-Identifier: Apache-2.0
// What a sandbox around a worker relies on.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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
  constexpr std::uint32_t fatal[] = {__NR_open, __NR_openat, __NR_creat,  __NR_clone, __NR_clone3,
                                     __NR_fork, __NR_vfork,  __NR_execve, __NR_socket};
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

/// How measuring and comparing `file` ends in a process of its own that has warmed its codecs:
/// its exit status, or minus the signal.
int status_of_measuring_alone(const std::string& file, const std::string& other) {
  constexpr int no_filter = 77;
  const pid_t child = ::fork();
  if (child == 0) {
    warm_codecs();
    if (!end_at_opening_and_cloning()) ::_exit(no_filter);
    (void)measure_image(bytes_of(file), {});
    (void)compare_images(bytes_of(file), bytes_of(other), {});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
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
  if (const char* data = std::getenv("IMGDEDUP_TEST_DATA"))
    for (const char* name : {"raw/photoprism_canon_eos_6d.dng", "avif/pillow_rot1mir0.avif",
                             "heif/imgsize_heif_sample.heic", "tiff/pillow_hopper_jpg.tif"})
      files.emplace_back(name, read_file(std::filesystem::path(data) / "formats" / name));
  for (const auto& [name, file] : files) {
    INFO(name);
    CHECK(status_of_measuring_alone(file, png) == 0);
    CHECK(status_of_measuring_alone(file.substr(0, file.size() / 2), png) == 0);
  }
}

#endif
