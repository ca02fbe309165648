// SPDX-License-Identifier: Apache-2.0
#include "matching/decision.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace imgdedup::matching;

namespace {

// --- pictures -------------------------------------------------------------------------------

/// A file with content of its own, rich in detail, 640 x 480, seen as the `id`-th.
ImageRecord picture(std::int64_t id) {
  ImageRecord record;
  record.file_id = id;
  record.path = "/photos/" + std::to_string(id);
  record.stamp.device = 1;
  record.stamp.inode = 1000 + static_cast<std::uint64_t>(id);
  record.stamp.mtime_ns = 5'000;
  record.fingerprint.content_digest.bytes[0] = static_cast<std::uint8_t>(id);
  record.fingerprint.size_bytes = 100'000;
  record.fingerprint.width_pixels = 640;
  record.fingerprint.height_pixels = 480;
  record.fingerprint.detail = 1'000;
  return record;
}

/// Changes one thing of a picture: picture(3) | of_width(1280).
template <typename Change>
ImageRecord operator|(ImageRecord record, const Change& change) {
  change(record);
  return record;
}

auto with_bytes_of(std::int64_t id) {
  return [id](ImageRecord& r) {
    r.fingerprint.content_digest.bytes[0] = static_cast<std::uint8_t>(id);
  };
}
auto with_hash(std::uint64_t bits) {
  return [bits](ImageRecord& r) { r.fingerprint.hashes.phash.bits = bits; };
}
auto of_width(std::uint32_t pixels) {
  return [pixels](ImageRecord& r) { r.fingerprint.width_pixels = pixels; };
}
auto of_bytes(std::uint64_t bytes) {
  return [bytes](ImageRecord& r) { r.fingerprint.size_bytes = bytes; };
}
auto modified_at(std::int64_t ns) {
  return [ns](ImageRecord& r) { r.stamp.mtime_ns = ns; };
}
const auto kept_safe = [](ImageRecord& r) { r.is_protected = true; };
const auto hard_linked = [](ImageRecord& r) { r.hard_links = 2; };
const auto flat = [](ImageRecord& r) { r.fingerprint.detail = 0; };
const auto sparse = [](ImageRecord& r) { r.fingerprint.detail = 2.8F; };
auto on_inode_of(std::int64_t id) {
  return [id](ImageRecord& r) { r.stamp.inode = 1000 + static_cast<std::uint64_t>(id); };
}

// --- what comparing them said ---------------------------------------------------------------

Comparison clearly_alike(double ssim = 0.97) {
  Comparison comparison;
  comparison.ssim = ssim;
  comparison.lowest_tile_ssim = ssim;
  return comparison;
}

/// Not compared: right where the bytes are the same.
Candidate original(ImageRecord record) { return {std::move(record), std::nullopt, false}; }
Candidate alike(ImageRecord record, double ssim = 0.97) {
  return {std::move(record), clearly_alike(ssim), false};
}
/// But for one place.
Candidate mostly_alike(double lowest_tile_ssim, ImageRecord record) {
  Candidate candidate = alike(std::move(record));
  candidate.comparison->lowest_tile_ssim = lowest_tile_ssim;
  return candidate;
}
Candidate unlike(ImageRecord record) { return {std::move(record), clearly_alike(0.1), false}; }
Candidate same_pixels(ImageRecord record) {
  Candidate candidate = alike(std::move(record), 1.0);
  candidate.comparison->same_pixels = true;
  return candidate;
}
Candidate similar(double similarity, Candidate candidate) {
  candidate.similarity = similarity;
  return candidate;
}
Candidate distinct(Candidate candidate) {
  candidate.declared_distinct = true;
  return candidate;
}

/// As a comparison of the two would have been answered.
Candidate compared_with(const ImageRecord& file, Candidate candidate) {
  if (candidate.comparison) {
    candidate.comparison->left_digest = file.fingerprint.content_digest;
    candidate.comparison->right_digest = candidate.original.fingerprint.content_digest;
  }
  return candidate;
}

// --- policies -------------------------------------------------------------------------------

Policy keeping(KeepRule keep) {
  Policy policy;
  policy.keep = keep;
  return policy;
}
const Policy keep_first = keeping(KeepRule::first);
const Policy keep_largest = keeping(KeepRule::largest);
const Policy keep_oldest = keeping(KeepRule::oldest);

Policy quarantining(Relation relation) {
  Policy policy;
  policy.actions[static_cast<std::size_t>(relation)] = Action::quarantine;
  return policy;
}
Policy without_near() {
  Policy policy;
  policy.near_enabled = false;
  return policy;
}
Policy with_network(Policy policy = {}) {
  policy.min_similarity = 0.9;
  return policy;
}
Policy within_bits(int radius_bits) {
  Policy policy;
  policy.radius_bits = radius_bits;
  return policy;
}

/// "original", "original before 4 5", "near of 2: log", "exact of 1: log, protected"; ", then 8 9"
/// for those that are to be judged after it.
std::string text_of(const Verdict& verdict) {
  std::string text;
  if (verdict.duplicate) {
    const DuplicateVerdict& duplicate = *verdict.duplicate;
    text.append(name_of(duplicate.relation))
        .append(" of ")
        .append(std::to_string(duplicate.original_file_id))
        .append(": ")
        .append(name_of(duplicate.action));
    if (duplicate.action_limit != ActionLimit::none)
      text.append(", ").append(name_of(duplicate.action_limit));
  } else {
    text = "original";
  }
  if (!verdict.displaced_file_ids.empty()) text += " before";
  for (const std::int64_t id : verdict.displaced_file_ids) text += ' ' + std::to_string(id);
  if (!verdict.later_file_ids.empty()) text += ", then";
  for (const std::int64_t id : verdict.later_file_ids) text += ' ' + std::to_string(id);
  return text;
}

struct Case {
  std::string_view what;
  ImageRecord file;
  std::vector<Candidate> originals;
  Policy policy;
  std::string_view verdict;
};

void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.what);
    std::vector<Candidate> candidates;
    for (const Candidate& candidate : one.originals)
      candidates.push_back(compared_with(one.file, candidate));
    CHECK(text_of(decide(one.file, candidates, one.policy)) == one.verdict);
    // The order in which candidates are found is chance.
    const std::vector<Candidate> reversed(candidates.rbegin(), candidates.rend());
    CHECK(text_of(decide(one.file, reversed, one.policy)) == one.verdict);
  }
}

}  // namespace

// Tables: one case a row or two.
// clang-format off

TEST_CASE("what a file is to one original") {
  const ImageRecord file = picture(9);
  check({
      {"nothing to hold it against", file, {}, keep_first, "original"},
      {"the same bytes", file | with_bytes_of(1), {original(picture(1))}, keep_first,
       "exact of 1: log"},
      {"the same bytes, both flat", file | with_bytes_of(1) | flat, {original(picture(1) | flat)},
       keep_first, "exact of 1: log"},
      {"the same pixels", file, {same_pixels(picture(1))}, keep_first, "pixels of 1: log"},
      {"the same pixels, both flat", file | flat, {same_pixels(picture(1) | flat)}, keep_first,
       "pixels of 1: log"},
      {"the same pixels, hashes far apart: decoded at different scales", file,
       {same_pixels(picture(1) | with_hash(0xFFFF))}, keep_first, "pixels of 1: log"},
      {"the same pixels in another size cannot be", file,
       {same_pixels(picture(1) | of_width(641) | with_hash(0xFFFF))}, keep_first, "original"},
      {"alike", file, {alike(picture(1))}, keep_first, "near of 1: log"},
      {"alike, in another size", file | of_width(320), {alike(picture(1))}, keep_first,
       "near of 1: log"},
      {"close by hash, not alike", file, {unlike(picture(1))}, keep_first, "original"},
      {"close by hash, not compared", file, {original(picture(1))}, keep_first, "original"},
      {"alike, hash at the radius", file, {alike(picture(1) | with_hash(0x3FF))}, within_bits(10),
       "near of 1: log"},
      {"alike, hash beyond the radius", file, {alike(picture(1) | with_hash(0x7FF))},
       within_bits(10), "original"},
      {"alike, but the file is flat", file | flat, {alike(picture(1))}, keep_first, "original"},
      {"alike, but the original is flat", file, {alike(picture(1) | flat)}, keep_first, "original"},
      {"alike but for one place", file, {mostly_alike(0.85, picture(1))}, keep_first,
       "near of 1: log"},
      {"alike but for one place, with little else in the file", file | sparse,
       {mostly_alike(0.85, picture(1))}, keep_first, "original"},
      {"alike but for one place, with little else in the original", file,
       {mostly_alike(0.85, picture(1) | sparse)}, keep_first, "original"},
      {"alike everywhere, with little in it", file | sparse,
       {mostly_alike(0.91, picture(1) | sparse)}, keep_first, "near of 1: log"},
      {"declared distinct, the same bytes", file | with_bytes_of(1),
       {distinct(original(picture(1)))}, keep_first, "original"},
      {"declared distinct, the same pixels", file, {distinct(same_pixels(picture(1)))}, keep_first,
       "original"},
      {"declared distinct, alike", file, {distinct(alike(picture(1)))}, keep_first, "original"},
      {"another name of the same inode", file | with_bytes_of(1) | on_inode_of(1),
       {original(picture(1))}, quarantining(Relation::exact), "original"},
      {"itself", file, {original(file)}, quarantining(Relation::exact), "original"},
  });
}

TEST_CASE("near can be switched off; the same bytes and pixels count always") {
  const ImageRecord file = picture(9);
  check({
      {"the same bytes", file | with_bytes_of(1), {original(picture(1))}, without_near(),
       "exact of 1: log"},
      {"the same pixels", file, {same_pixels(picture(1))}, without_near(), "pixels of 1: log"},
      {"alike", file, {alike(picture(1))}, without_near(), "original"},
  });
}

TEST_CASE("of several originals the strongest relation counts, then the nearest") {
  const ImageRecord file = picture(9);
  const ImageRecord copy = file | with_bytes_of(3);
  check({
      {"exact before pixels and near", copy,
       {alike(picture(1)), same_pixels(picture(2)), original(picture(3))}, keep_first,
       "exact of 3: log"},
      {"pixels before near, although a bit further", file,
       {alike(picture(1)), same_pixels(picture(2) | with_hash(1))}, keep_first, "pixels of 2: log"},
      {"the nearest by hash", file,
       {alike(picture(1) | with_hash(0b111)), alike(picture(2) | with_hash(0b1), 0.95),
        alike(picture(3) | with_hash(0b11))},
       keep_first, "near of 2: log"},
      {"equally near: the most alike", file, {alike(picture(1), 0.96), alike(picture(2), 0.99)},
       keep_first, "near of 2: log"},
      {"all equal: the first", file, {alike(picture(2)), alike(picture(1)), alike(picture(3))},
       keep_first, "near of 1: log"},
      {"all equal: the largest", file,
       {alike(picture(1)), alike(picture(2) | of_width(1280)), alike(picture(3))}, keep_largest,
       "near of 2: log"},
      {"all equal: the protected one", file, {alike(picture(1)), alike(picture(2) | kept_safe)},
       keep_first, "near of 2: log"},
      {"those it does not resemble count for nothing", file,
       {unlike(picture(1)), alike(picture(2) | with_hash(0b111)), distinct(alike(picture(3)))},
       keep_first, "near of 2: log"},
  });
}

TEST_CASE("the keep rule says which file of a group is the original") {
  const ImageRecord file = picture(9);
  const ImageRecord wide = file | of_width(1280);
  check({
      {"first: a larger, older file that came later", wide | modified_at(1), {alike(picture(1))},
       keep_first, "near of 1: log"},
      {"first: judged anew, it was seen before", file, {alike(picture(12))}, keep_first,
       "original before 12"},
      {"largest: more pixels", wide, {alike(picture(1))}, keep_largest, "original before 1"},
      {"largest: fewer pixels, more bytes", file | of_bytes(900'000),
       {alike(picture(1) | of_width(641))}, keep_largest, "near of 1: log"},
      {"largest: as many pixels, more bytes", file | of_bytes(100'001), {alike(picture(1))},
       keep_largest, "original before 1"},
      {"largest: as large in all, so the first", file, {alike(picture(1))}, keep_largest,
       "near of 1: log"},
      {"oldest: modified before", file | modified_at(4'999), {alike(picture(1))}, keep_oldest,
       "original before 1"},
      {"oldest: modified after", file | modified_at(5'001), {alike(picture(1))}, keep_oldest,
       "near of 1: log"},
      {"oldest: as old, so the first", file, {alike(picture(1))}, keep_oldest, "near of 1: log"},
      {"largest: it displaces every original it resembles, the best first", wide,
       {alike(picture(1)), unlike(picture(2)),
        same_pixels(picture(3) | of_width(1280) | of_bytes(1)), alike(picture(4) | of_width(700))},
       keep_largest, "original before 3 4 1"},
  });
}

TEST_CASE("a better original makes a file a duplicate, whatever worse ones it resembles more") {
  const ImageRecord file = picture(9) | modified_at(3'000);
  const ImageRecord older = picture(1) | modified_at(1'000) | with_hash(0b11111);
  const ImageRecord younger = picture(2) | modified_at(4'000);
  check({
      {"nearer to a younger one", file, {alike(older), alike(younger)}, keep_oldest,
       "near of 1: log"},
      {"the pixels of a younger one", file, {alike(older), same_pixels(younger)}, keep_oldest,
       "near of 1: log"},
      {"nearer to one without protection", file | kept_safe,
       {alike(older | kept_safe), alike(younger)}, keep_oldest, "near of 1: log"},
  });
}

TEST_CASE("protected files win as originals") {
  const ImageRecord file = picture(9);
  check({
      {"a protected file that came later", file | kept_safe, {alike(picture(1))}, keep_first,
       "original before 1"},
      {"protected beats larger", file | kept_safe, {alike(picture(1) | of_width(1280))},
       keep_largest, "original before 1"},
      {"protected beats older", file | kept_safe, {alike(picture(1) | modified_at(1))}, keep_oldest,
       "original before 1"},
      {"a larger file does not displace a protected one", file | of_width(1280),
       {alike(picture(1) | kept_safe)}, keep_largest, "near of 1: log"},
      {"of two protected ones the keep rule says", file | kept_safe | of_width(1280),
       {alike(picture(1) | kept_safe)}, keep_largest, "original before 1"},
  });
}

TEST_CASE("the action is the policy's for the relation, and milder where moving is ruled out") {
  const ImageRecord file = picture(9);
  const ImageRecord copy = file | with_bytes_of(1);
  const std::vector<Candidate> same{original(picture(1))};
  check({
      {"exact", copy, same, quarantining(Relation::exact), "exact of 1: quarantine"},
      {"exact, where only near is to go", copy, same, quarantining(Relation::near),
       "exact of 1: log"},
      {"pixels", file, {same_pixels(picture(1))}, quarantining(Relation::pixels),
       "pixels of 1: quarantine"},
      {"near", file, {alike(picture(1))}, quarantining(Relation::near), "near of 1: quarantine"},
      {"near, where only pixels are to go", file, {alike(picture(1))},
       quarantining(Relation::pixels), "near of 1: log"},
      {"a protected duplicate stays", copy | kept_safe, {original(picture(1) | kept_safe)},
       quarantining(Relation::exact), "exact of 1: log, protected"},
      {"one of several names stays", copy | hard_linked, same, quarantining(Relation::exact),
       "exact of 1: log, hard-linked"},
      {"protected and one of several names", copy | kept_safe | hard_linked,
       {original(picture(1) | kept_safe)}, quarantining(Relation::exact),
       "exact of 1: log, protected"},
      {"nothing is ruled out where nothing would move", copy | hard_linked, same, keep_first,
       "exact of 1: log"},
      {"names of the original do not matter", copy, {original(picture(1) | hard_linked)},
       quarantining(Relation::exact), "exact of 1: quarantine"},
  });
}

TEST_CASE("companions are logged as what they are, never moved, and displace nothing") {
  const auto named = [](std::string path) {
    return [path](ImageRecord& r) { r.path = path; };
  };
  const ImageRecord raw = picture(9) | named("/p/shot.CR2");
  const ImageRecord jpeg = picture(9) | named("/p/shot.jpg");
  const ImageRecord second = picture(9) | named("/p/IMG_0002.jpg");
  const ImageRecord first = picture(1) | named("/p/IMG_0001.jpg");
  check({
      {"the picture of a RAW", jpeg, {alike(picture(1) | named("/p/shot.CR2"))},
       quarantining(Relation::near), "near of 1: log, raw+jpeg"},
      {"a RAW after its picture", raw, {alike(picture(1) | named("/p/shot.jpg"))},
       quarantining(Relation::near), "near of 1: log, raw+jpeg"},
      {"a RAW whose preview has the pixels of its picture", raw,
       {same_pixels(picture(1) | named("/p/shot.jpg"))}, quarantining(Relation::pixels),
       "pixels of 1: log, raw+jpeg"},
      {"a larger picture displaces no RAW", jpeg | of_width(1280),
       {alike(picture(12) | named("/p/shot.CR2"))}, keep_largest, "original, then 12"},
      {"nor one seen before it", jpeg | of_width(1280),
       {alike(picture(1) | named("/p/shot.CR2"))}, keep_largest, "near of 1: log, raw+jpeg"},
      {"a shot of a series", second, {alike(first)}, quarantining(Relation::near),
       "near of 1: log, burst"},
      {"a shot of a series, logged like any other", second, {alike(first)}, keep_first,
       "near of 1: log, burst"},
      {"a shot of a series with the same bytes is a copy", second | with_bytes_of(1),
       {original(first)}, quarantining(Relation::exact), "exact of 1: quarantine"},
      {"a shot of a series with the same pixels is a copy", second, {same_pixels(first)},
       quarantining(Relation::pixels), "pixels of 1: quarantine"},
      {"a copy before a companion, although further away", second,
       {alike(first), alike(picture(2) | with_hash(0b111))}, keep_first, "near of 2: log"},
      {"a copy displaced before a companion", second | of_width(640) | modified_at(1),
       {alike(picture(1) | named("/p/IMG_0001.jpg") | modified_at(2)),
        alike(picture(2) | modified_at(3))}, keep_oldest, "original before 2"},
      {"protected and a companion", second | kept_safe, {alike(first)},
       quarantining(Relation::near), "near of 1: log, burst"},
  });
}

TEST_CASE("pictures that only a network takes for alike are logged, never moved, and displace nothing") {
  const ImageRecord file = picture(9);
  const Policy moving = with_network(quarantining(Relation::near));
  const Policy network = with_network();
  check({
      {"similar enough", file, {similar(0.95, unlike(picture(1)))}, network,
       "near of 1: log, similarity"},
      {"at the bound", file, {similar(0.9, unlike(picture(1)))}, network,
       "near of 1: log, similarity"},
      {"not similar enough", file, {similar(0.899, unlike(picture(1)))}, network, "original"},
      {"there is no network", file, {similar(0.95, unlike(picture(1)))}, keep_first, "original"},
      {"never moved", file, {similar(1.0, unlike(picture(1)))}, moving,
       "near of 1: log, similarity"},
      {"not if it is flat", file | flat, {similar(1.0, unlike(picture(1)))}, network, "original"},
      {"not if the original is flat", file, {similar(1.0, unlike(picture(1) | flat))}, network,
       "original"},
      {"declared distinct", file, {distinct(similar(1.0, unlike(picture(1))))}, network,
       "original"},
      {"not compared", file, {similar(1.0, original(picture(1)))}, network, "original"},
      {"confirmed by looking, it moves", file, {similar(0.95, alike(picture(1)))}, moving,
       "near of 1: quarantine"},
      {"confirmed by looking, however dissimilar", file, {similar(0.1, alike(picture(1)))}, moving,
       "near of 1: quarantine"},
      {"what was looked at before what is similar", file,
       {similar(1.0, unlike(picture(1))), alike(picture(2) | with_hash(0b111))}, moving,
       "near of 2: quarantine"},
      {"the most similar", file,
       {similar(0.92, unlike(picture(1))), similar(0.97, unlike(picture(2) | with_hash(0b111)))},
       network, "near of 2: log, similarity"},
      {"the better one displaces nothing", file | of_width(1280),
       {similar(1.0, unlike(picture(1)))}, with_network(keep_largest),
       "near of 1: log, similarity"},
      {"one seen later says it, not the first", picture(1), {similar(1.0, unlike(picture(9)))},
       network, "original, then 9"},
      {"those seen later, where it is like one seen before",
       file,
       {similar(1.0, unlike(picture(12))), similar(1.0, unlike(picture(1))),
        similar(1.0, unlike(picture(11)))},
       network, "near of 1: log, similarity, then 11 12"},
      {"not those seen later, where it is a copy itself", file,
       {similar(1.0, unlike(picture(12))), alike(picture(1))}, network, "near of 1: log"},
      {"one displaced by looking before one that is similar", file | of_width(1280),
       {similar(1.0, unlike(picture(1))), alike(picture(2))}, with_network(keep_largest),
       "original before 2"},
      {"protected and similar", file | kept_safe, {similar(1.0, unlike(picture(1)))}, moving,
       "near of 1: log, similarity"},
  });
}

// clang-format on

TEST_CASE("a file with a decision that shows no copy stays an original") {
  for (const auto limit :
       {ActionLimit::none, ActionLimit::protected_root, ActionLimit::hard_linked})
    CHECK_FALSE(leaves_original(limit));
  for (const auto limit : {ActionLimit::raw_and_jpeg, ActionLimit::sidecar, ActionLimit::burst,
                           ActionLimit::similarity})
    CHECK(leaves_original(limit));
}

TEST_CASE("every limit has a name of its own that is read back") {
  for (int value = 1; value <= static_cast<int>(last_action_limit); ++value) {
    const auto limit = static_cast<ActionLimit>(value);
    CHECK(!name_of(limit).empty());
    CHECK(action_limit_from_name(name_of(limit)) == limit);
  }
  CHECK(!action_limit_from_name(""));
  CHECK(!action_limit_from_name("none"));
}

TEST_CASE("a relation carries the measures that were taken") {
  const ImageRecord file = picture(9);
  const auto relation = [&](const ImageRecord& judged, const Candidate& candidate) {
    return relation_between(judged, compared_with(judged, candidate), keep_first).value();
  };
  const auto exact = relation(file | with_bytes_of(1), original(picture(1)));
  CHECK(exact.evidence == Evidence{0, std::nullopt, std::nullopt, std::nullopt});
  const auto pixels = relation(file, same_pixels(picture(1)));
  CHECK(pixels.evidence == Evidence{0, 1.0, std::nullopt, std::nullopt});
  const auto near = relation(file, alike(picture(1) | with_hash(0b101), 0.96));
  CHECK(near.relation == Relation::near);
  CHECK(near.evidence == Evidence{2, 0.96, std::nullopt, std::nullopt});
  const auto both = relation(file, similar(0.95, alike(picture(1) | with_hash(0b101), 0.96)));
  CHECK(both.evidence == Evidence{2, 0.96, std::nullopt, 0.95});
  const auto seen = compared_with(file, similar(0.95, unlike(picture(1))));
  const auto similarity = relation_between(file, seen, with_network()).value();
  CHECK(similarity.ground == Ground::similarity);
  CHECK(similarity.evidence == Evidence{0, 0.1, std::nullopt, 0.95});
}

TEST_CASE("the distance is that of the hash the policy names") {
  const ImageRecord file = picture(9);
  ImageRecord other = picture(1) | with_hash(0xFFFFFF);
  other.fingerprint.hashes.dhash.bits = 0b111;
  const Candidate candidate = compared_with(file, alike(other));
  Policy policy;
  CHECK(!relation_between(file, candidate, policy));
  policy.hash_kind = HashKind::dhash;
  CHECK(relation_between(file, candidate, policy).value().evidence.distance_bits == 3);
}

TEST_CASE("a comparison counts only for the contents that were compared, either way round") {
  const ImageRecord file = picture(9);
  Candidate candidate = compared_with(file, same_pixels(picture(1)));
  CHECK(relation_between(file, candidate, keep_first));
  std::swap(candidate.comparison->left_digest, candidate.comparison->right_digest);
  CHECK(relation_between(file, candidate, keep_first));
  candidate.comparison->left_digest.bytes[5] = 1;
  CHECK(!relation_between(file, candidate, keep_first));
  candidate.comparison->left_digest = candidate.comparison->right_digest;
  CHECK(!relation_between(file, candidate, keep_first));
}

TEST_CASE("outranking is a strict order under every keep rule") {
  std::vector<ImageRecord> files;
  for (std::int64_t id = 1; id <= 48; ++id)
    files.push_back(picture(id) | of_width(id % 3 == 0 ? 640 : 1280) | of_bytes(id % 5 + 1) |
                    modified_at(id % 7));
  for (std::size_t i = 0; i < files.size(); i += 4) files[i].is_protected = true;
  for (const KeepRule keep : {KeepRule::first, KeepRule::largest, KeepRule::oldest}) {
    CAPTURE(name_of(keep));
    for (const ImageRecord& a : files) {
      CHECK(!outranks(a, a, keep));
      for (const ImageRecord& b : files) {
        if (a.file_id != b.file_id) REQUIRE(outranks(a, b, keep) != outranks(b, a, keep));
        for (const ImageRecord& c : files)
          if (outranks(a, b, keep) && outranks(b, c, keep)) REQUIRE(outranks(a, c, keep));
      }
    }
  }
}
