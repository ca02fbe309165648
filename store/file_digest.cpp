// SPDX-License-Identifier: Apache-2.0
// The digest of a file that is about to be moved.
#include "store/file_digest.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <new>
#include <system_error>
#include <vector>

namespace imgdedup::store {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;

struct Release {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// SHA-256 of memory fails for want of memory only.
void check(int result) {
  if (result != 1) throw std::bad_alloc();
}

}  // namespace

std::optional<matching::ContentDigest> digest_of_file(int descriptor,
                                                      const std::atomic<bool>& is_cancelled) {
  const std::unique_ptr<EVP_MD_CTX, Release> context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  std::vector<char> block(block_bytes);
  for (off_t offset = 0;;) {
    if (is_cancelled) return std::nullopt;
    const ssize_t count = ::pread(descriptor, block.data(), block.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), "cannot read it");
    if (count == 0) break;
    check(EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(count)));
    offset += count;
  }
  matching::ContentDigest digest;
  check(EVP_DigestFinal_ex(context.get(), digest.bytes.data(), nullptr));
  return digest;
}

}  // namespace imgdedup::store
