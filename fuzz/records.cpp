// SPDX-License-Identifier: Apache-2.0
// What lies on the disk and may have been changed there: notes beside quarantined files, and the
// catalog's blobs.
#include <cstdlib>
#include <string_view>

#include "store/embedding_blob.h"
#include "store/feature_blob.h"
#include "store/sidecar.h"
#include "store/store_error.h"

namespace {

using namespace imgdedup::store;

void must(bool holds) {
  if (!holds) std::abort();
}

void read_sidecar(std::string_view text) {
  (void)id_from_quarantine_name(text.substr(0, 64));
  if (const auto entry = parse_sidecar(text)) {
    // What was understood is written so that it is understood again.
    const auto again = parse_sidecar(sidecar_text(*entry));
    must(again.has_value() && again->id == entry->id &&
         again->original_path == entry->original_path);
  }
}

template <typename Read>
void read_blob(Read read) {
  try {
    read();
  } catch (const StoreError&) {
    // The expected word for a blob that means nothing.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 'e':
      read_blob([&] { must(to_blob(embedding_from_blob(bytes)) == bytes); });
      break;
    case 's':
      read_blob([&] { (void)strongest_from_blob(bytes); });
      break;
    case 'f':
      // Two blobs, the first as long as the next two bytes say.
      if (bytes.size() >= 2) {
        const std::size_t first = static_cast<std::uint8_t>(bytes[0]) * std::size_t{256} +
                                  static_cast<std::uint8_t>(bytes[1]);
        const std::string_view rest = bytes.substr(2);
        const std::string_view strongest = rest.substr(0, first);
        const std::string_view others = rest.substr(strongest.size());
        read_blob([&] {
          const FeatureBlobs again = to_blobs(features_from_blobs(strongest, others));
          must(again.strongest == strongest && again.others == others);
        });
      }
      break;
    default:
      read_sidecar({reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
