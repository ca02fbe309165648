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

DigestOfParts::DigestOfParts() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();
}

DigestOfParts::~DigestOfParts() = default;

void DigestOfParts::add(Bytes part) {
  if (EVP_DigestUpdate(context_.get(), part.data(), part.size()) != 1) throw std::bad_alloc();
}

matching::ContentDigest DigestOfParts::finish() {
  matching::ContentDigest digest;
  if (EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), nullptr) != 1) throw std::bad_alloc();
  return digest;
}

void DigestOfParts::Release::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

}  // namespace imgdedup::hashing
