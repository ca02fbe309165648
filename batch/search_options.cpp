// SPDX-License-Identifier: Apache-2.0
// What find and to-remove are asked, and whether it makes sense.
#include "batch/search_options.h"

#include "batch/usage_error.h"

namespace imgdedup::batch {
namespace {

constexpr int default_distance_bits = 10;

std::string word_of(Method method) {
  return std::string(method_names[static_cast<std::size_t>(method)]);
}

}  // namespace

std::optional<matching::HashDefinition> hash_definition_of(const SearchOptions& options) {
  const auto kind = hash_kind_of(options.method.value_or(Method::all));
  if (!kind) return std::nullopt;
  return matching::HashDefinition{options.library.value_or(matching::HashLibrary::imagededup),
                                  *kind, options.hash_size.value_or(matching::HashSize::eight)};
}

int max_distance_of(const SearchOptions& options, matching::HashSize size) {
  const int distance = options.max_distance_bits.value_or(default_distance_bits);
  if (distance > bits_of(size))
    throw UsageError("--max-distance " + std::to_string(distance) + ": hashes of " +
                     std::to_string(bits_of(size)) + " bits differ in 0 to " +
                     std::to_string(bits_of(size)));
  return distance;
}

void check(const SearchOptions& options) {
  const Method method = options.method.value_or(Method::all);
  const bool reads_encodings = !options.encodings.empty();
  const bool has_hash =
      (reads_encodings && !compares_vectors(method)) || hash_kind_of(method).has_value();
  const std::string of_method = ", not for --method " + word_of(method);
  const bool may_have_vectors = compares_vectors(method) || (reads_encodings && !options.method);
  if (options.min_similarity && !may_have_vectors)
    throw UsageError("--min-similarity is for vectors (--method cnn)" + of_method +
                     "; hashes take --max-distance");
  if (options.max_distance_bits && compares_vectors(method))
    throw UsageError("--max-distance is for hashes" + of_method +
                     "; vectors take --min-similarity");
  if (reads_encodings && options.method && !hash_kind_of(method) && !compares_vectors(method))
    throw UsageError("--encodings holds hashes or vectors: it is of no use to --method " +
                     word_of(method));
  if (options.hash_size && !has_hash)
    throw UsageError("--hash-size is for ahash, dhash, phash and whash" + of_method);
  if (options.library && !has_hash)
    throw UsageError("--compat is for ahash, dhash, phash and whash" + of_method);
  if (options.max_distance_bits && method == Method::local)
    throw UsageError("--max-distance is for hashes" + of_method +
                     ", which looks at the pictures themselves");
  if (options.max_distance_bits && method == Method::md5)
    throw UsageError("--max-distance is for hashes" + of_method + ", which finds equal bytes");
  if (!reads_encodings)
    max_distance_of(options, options.hash_size.value_or(matching::HashSize::eight));
}

}  // namespace imgdedup::batch
