// SPDX-License-Identifier: Apache-2.0
// Writes a catalog of made-up originals below a folder that need not exist.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>

#include "store/sqlite_catalog.h"

namespace {

using namespace imgdedup;

constexpr std::uint64_t files_a_directory = 100;
constexpr std::uint64_t files_a_transaction = 50'000;

matching::Fingerprint made_up_fingerprint(std::mt19937_64& random) {
  matching::Fingerprint fingerprint;
  for (auto& byte : fingerprint.content_digest.bytes) byte = static_cast<std::uint8_t>(random());
  fingerprint.size_bytes = 20'000 + random() % 8'000'000;
  fingerprint.width_pixels = 4000;
  fingerprint.height_pixels = 3000;
  fingerprint.hashes = {{random()}, {random()}, {random()}, {random()}};
  fingerprint.reduced_picture_digest = random();
  fingerprint.detail = 40;
  return fingerprint;
}

std::string number_text(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(7 - std::min<std::size_t>(7, digits.size()), '0') + digits;
}

void add_original(store::Catalog& catalog, const std::string& root, std::uint64_t number,
                  std::mt19937_64& random) {
  const matching::Fingerprint fingerprint = made_up_fingerprint(random);
  const auto time_ns = static_cast<std::int64_t>(1'700'000'000'000'000'000 + random() % (1U << 30));
  const matching::FileStamp stamp{
      1, 1000 + number, static_cast<std::int64_t>(fingerprint.size_bytes), time_ns, time_ns};
  const std::string path = root + "/album-" + number_text(number / files_a_directory) +
                           "/picture-" + number_text(number) + ".jpg";
  const store::FileId file = catalog.add_file(path, stamp, 1, matching::FileState::pending);
  catalog.set_judged(file, catalog.add_content(fingerprint), store::FileRole::original);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: large_catalog CATALOG WATCHED_FOLDER [FILES]\n");
    return 2;
  }
  const std::uint64_t count = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1'000'000;
  try {
    store::SqliteCatalog catalog(argv[1]);
    std::mt19937_64 random(1);
    for (std::uint64_t done = 0; done < count;) {
      auto transaction = catalog.begin(store::Durability::process);
      const std::uint64_t end = std::min(count, done + files_a_transaction);
      for (; done < end; ++done) add_original(catalog, argv[2], done, random);
      transaction->commit();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "large_catalog: %s\n", error.what());
    return 1;
  }
  return 0;
}
