// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a file's bytes.
#include <openssl/evp.h>

#include <new>

#include "hashing/measure.h"

namespace imgdedup::hashing {

matching::ContentDigest digest_of(Bytes file) {
  matching::ContentDigest digest;
  if (EVP_Digest(file.data(), file.size(), digest.bytes.data(), nullptr, EVP_sha256(), nullptr) !=
      1)
    throw std::bad_alloc();  // SHA-256 of memory fails for want of memory only.
  return digest;
}

}  // namespace imgdedup::hashing
