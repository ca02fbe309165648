// SPDX-License-Identifier: Apache-2.0
#include "worker/job_codec.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>

using namespace imgdedup;
using namespace imgdedup::worker;

namespace {

matching::ContentDigest some_digest(std::uint8_t seed) {
  matching::ContentDigest digest;
  for (auto& byte : digest.bytes) byte = seed = static_cast<std::uint8_t>(seed * 7 + 3);
  return digest;
}

matching::Fingerprint some_fingerprint() {
  return {.content_digest = some_digest(1),
          .size_bytes = 123'456,
          .format = matching::ImageFormat::webp,
          .width_pixels = 4000,
          .height_pixels = 3000,
          .hashes = {{1}, {2}, {0x8000000000000003}, {4}},
          .reduced_picture_digest = 0xFEDCBA9876543210,
          .detail = 12.5F};
}

matching::PictureFeatures some_features() {
  matching::PictureFeatures features;
  features.local = {320, 240, {{5119, 3839, 255, 7, {1, 2, 3, 0xFFFFFFFFFFFFFFFF}}, {}}};
  for (std::size_t i = 0; i < matching::turn_count; ++i) features.turned_hashes[i].phash.bits = i;
  return features;
}

matching::Measurement some_measurement() { return {some_fingerprint(), {}, {}}; }

matching::EditComparison some_edit() {
  return {.inliers = 42,
          .matched_share = 0.5,
          .spread = 0.75,
          .overlap_ssim = 0.875,
          .agreeing_area = 0.9375,
          .agreeing_detail = 0.25,
          .detail_ssim = 0.625,
          .fidelity = 0.125,
          .lowest_tile_ssim = -0.5,
          .detail = 5.5,
          .left_overlap = 1,
          .right_overlap = 0.5,
          .scale = 1.5,
          .stretch = 1.25,
          .rotation_degrees = 359.5,
          .mirrored = true};
}

matching::Comparison some_comparison() {
  return {.left_digest = some_digest(2),
          .right_digest = some_digest(3),
          .same_pixels = true,
          .ssim = 0.98,
          .lowest_tile_ssim = -0.25,
          .aspect_ratio_quotient = 1.01,
          .tone_difference = 3.5,
          .colour_difference = 7.25};
}

matching::EncodedHash some_encoded_hash() {
  return {.size = matching::HashSize::sixteen, .words = {1, 2, 3, 0xFEDCBA9876543210}};
}

constexpr std::array all_kinds{JobKind::digest, JobKind::fingerprint,    JobKind::compare,
                               JobKind::encode, JobKind::picture_digest, JobKind::thumbnail};

Job job_of(JobKind kind) {
  return {.id = 77,
          .kind = kind,
          .limits = {1'000'000, 20'000'000},
          .definition = {.size = matching::HashSize::sixteen}};
}

matching::Thumbnail some_thumbnail() {
  matching::Thumbnail thumbnail{.width_pixels = 3,
                                .height_pixels = 2,
                                .picture_width_pixels = 4000,
                                .picture_height_pixels = 3000,
                                .bgr = {}};
  for (std::uint8_t sample = 0; sample < 18; ++sample) thumbnail.bgr.push_back(sample);
  return thumbnail;
}

bool accepted(const Answer& answer, const Job& asked) {
  const auto decoded = decode_answer(encode_answer(asked.id, answer), asked);
  return std::holds_alternative<Answer>(decoded);
}

}  // namespace

TEST_CASE("a job survives the way over the channel") {
  const Job job{.id = 0x1122334455667788,
                .kind = JobKind::compare,
                .limits = {7, 9},
                .measures = {.features = true, .features_unless_near = true},
                .definition = {matching::HashLibrary::imagehash, matching::HashKind::whash,
                               matching::HashSize::sixteen},
                .thumbnail_side_pixels = 99,
                .memory_bytes = 12'345};
  const auto decoded = decode_job(encode_job(job), 2);
  REQUIRE(std::holds_alternative<Job>(decoded));
  CHECK(std::get<Job>(decoded) == job);
}

TEST_CASE("a job with a wrong number of descriptors is an error") {
  for (const JobKind kind : all_kinds)
    for (std::size_t count = 0; count < 4; ++count)
      CHECK(std::holds_alternative<Job>(decode_job(encode_job(job_of(kind)), count)) ==
            (count == (kind == JobKind::compare ? 2U : 1U)));
}

TEST_CASE("every kind of answer survives the way over the channel") {
  const auto check = [](const Answer& answer, JobKind kind) {
    const auto decoded = decode_answer(encode_answer(77, answer), job_of(kind));
    REQUIRE(std::holds_alternative<Answer>(decoded));
    CHECK(std::get<Answer>(decoded) == answer);
  };
  check(DigestAnswer{some_digest(9), 999'999}, JobKind::digest);
  check(some_measurement(), JobKind::fingerprint);
  check(some_comparison(), JobKind::compare);
  check(some_encoded_hash(), JobKind::encode);
  check(some_thumbnail(), JobKind::thumbnail);
  check(DigestAnswer{some_digest(9), 999'999}, JobKind::picture_digest);
  const matching::Refusal refusal{matching::RefusalReason::incomplete, "ends after 3 of 9 rows"};
  for (const JobKind kind : all_kinds) check(refusal, kind);
}

TEST_CASE("features, an embedding and an edit come over the channel where they were asked for") {
  const auto survives = [](const Answer& answer, const Job& asked) {
    const auto decoded = decode_answer(encode_answer(asked.id, answer), asked);
    return std::holds_alternative<Answer>(decoded) && std::get<Answer>(decoded) == answer;
  };
  Job measure = job_of(JobKind::fingerprint), compare = job_of(JobKind::compare);
  auto measurement = some_measurement();
  auto comparison = some_comparison();
  comparison.edit = some_edit();
  measurement.features = some_features();
  CHECK(!survives(measurement, measure));
  CHECK(!survives(comparison, compare));
  measure.measures.features = compare.measures.features = true;
  CHECK(survives(measurement, measure));
  CHECK(survives(comparison, compare));
  CHECK(survives(some_comparison(), compare));
  measure.measures.embedding = true;
  CHECK(!survives(measurement, measure));
  measurement.embedding = matching::Embedding{{0.6F, 0, -0.8F}};
  CHECK(survives(measurement, measure));
}

TEST_CASE("impossible features, embeddings and edits are errors") {
  Job measure = job_of(JobKind::fingerprint), compare = job_of(JobKind::compare);
  measure.measures = {true, true};
  compare.measures.features = true;
  const auto accepted_with = [&](auto change) {
    auto measurement = some_measurement();
    measurement.features = some_features();
    measurement.embedding = matching::Embedding{{0.6F, 0, -0.8F}};
    change(measurement);
    return accepted(measurement, measure);
  };
  CHECK(accepted_with([](auto&) {}));
  CHECK(!accepted_with([](auto& m) { m.features->local.features[0].x_sixteenths = 5120; }));
  CHECK(!accepted_with([](auto& m) { m.features->local.features[1].y_sixteenths = 3840; }));
  CHECK(!accepted_with(
      [](auto& m) { m.features->local.features[0].level = matching::max_feature_levels; }));
  CHECK(!accepted_with(
      [](auto& m) { m.features->local.width_pixels = matching::max_feature_picture_side + 1; }));
  CHECK(accepted_with(
      [](auto& m) { m.features->local.features.resize(matching::max_local_features); }));
  CHECK(!accepted_with(
      [](auto& m) { m.features->local.features.resize(matching::max_local_features + 1); }));
  CHECK(!accepted_with([](auto& m) { m.embedding->values.clear(); }));
  CHECK(!accepted_with([](auto& m) { m.embedding->values[0] = 0.7F; }));
  CHECK(!accepted_with(
      [](auto& m) { m.embedding->values[0] = std::numeric_limits<float>::quiet_NaN(); }));

  const auto edit_accepted_with = [&](auto change) {
    auto comparison = some_comparison();
    change(comparison.edit.emplace(some_edit()));
    return accepted(comparison, compare);
  };
  CHECK(edit_accepted_with([](auto&) {}));
  CHECK(!edit_accepted_with([](auto& e) { e.inliers = -1; }));
  CHECK(!edit_accepted_with([](auto& e) { e.overlap_ssim = 1.1; }));
  CHECK(!edit_accepted_with([](auto& e) { e.left_overlap = -0.1; }));
  CHECK(!edit_accepted_with([](auto& e) { e.right_overlap = 1.1; }));
  CHECK(!edit_accepted_with([](auto& e) { e.spread = 2; }));
  CHECK(!edit_accepted_with([](auto& e) { e.matched_share = 1.5; }));
  CHECK(!edit_accepted_with([](auto& e) { e.agreeing_area = -1; }));
  CHECK(!edit_accepted_with([](auto& e) { e.agreeing_detail = 1.25; }));
  CHECK(!edit_accepted_with([](auto& e) { e.detail = 17; }));
  CHECK(!edit_accepted_with([](auto& e) { e.stretch = 0.5; }));
  CHECK(!edit_accepted_with([](auto& e) { e.scale = 0; }));
  CHECK(!edit_accepted_with([](auto& e) { e.rotation_degrees = 361; }));
}

TEST_CASE("an answer to another job or to another kind of job is an error") {
  const auto message = encode_answer(78, some_measurement());
  CHECK(
      std::holds_alternative<ProtocolError>(decode_answer(message, job_of(JobKind::fingerprint))));
  CHECK(!accepted(some_measurement(), job_of(JobKind::digest)));
  CHECK(!accepted(some_measurement(), job_of(JobKind::compare)));
  CHECK(!accepted(some_comparison(), job_of(JobKind::fingerprint)));
  CHECK(!accepted(DigestAnswer{}, job_of(JobKind::fingerprint)));
  CHECK(!accepted(some_encoded_hash(), job_of(JobKind::fingerprint)));
  CHECK(!accepted(some_measurement(), job_of(JobKind::encode)));
}

TEST_CASE("a fingerprint that breaks the limits it was asked with is an error") {
  const Job asked = job_of(JobKind::fingerprint);
  const auto accepted_with = [&](auto change) {
    auto measurement = some_measurement();
    change(measurement.fingerprint);
    return accepted(measurement, asked);
  };
  CHECK(accepted_with([](auto& f) { f.size_bytes = 1'000'000; }));
  CHECK(!accepted_with([](auto& f) { f.size_bytes = 1'000'001; }));
  CHECK(!accepted_with([](auto& f) { f.size_bytes = 0; }));
  CHECK(!accepted_with([](auto& f) { f.width_pixels = 0; }));
  CHECK(!accepted_with([](auto& f) { f.height_pixels = 5001; }));
  CHECK(!accepted_with([](auto& f) { f.width_pixels = f.height_pixels = 0xFFFFFFFF; }));
  CHECK(!accepted_with([](auto& f) { f.format = static_cast<matching::ImageFormat>(200); }));
  CHECK(!accepted_with([](auto& f) { f.detail = -1; }));
  CHECK(!accepted_with([](auto& f) { f.detail = std::numeric_limits<float>::quiet_NaN(); }));
  CHECK(!accepted_with([](auto& f) { f.detail = std::numeric_limits<float>::infinity(); }));
}

TEST_CASE("a comparison with impossible measures is an error") {
  const Job asked = job_of(JobKind::compare);
  const auto accepted_with = [&](auto change) {
    auto comparison = some_comparison();
    change(comparison);
    return accepted(comparison, asked);
  };
  constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
  CHECK(accepted_with([](auto& c) { c.ssim = 1.0 + 1e-12; }));
  CHECK(!accepted_with([](auto& c) { c.ssim = 1.1; }));
  CHECK(!accepted_with([](auto& c) { c.ssim = not_a_number; }));
  CHECK(!accepted_with([](auto& c) { c.lowest_tile_ssim = -1.1; }));
  CHECK(!accepted_with([](auto& c) { c.aspect_ratio_quotient = 0.5; }));
  CHECK(!accepted_with([](auto& c) { c.aspect_ratio_quotient = not_a_number; }));
  CHECK(!accepted_with([](auto& c) { c.tone_difference = 256; }));
  CHECK(!accepted_with([](auto& c) { c.colour_difference = -1; }));
  CHECK(!accepted_with([](auto& c) { c.colour_difference = not_a_number; }));
  auto message = encode_answer(asked.id, some_comparison());
  message[4 + 2 + 8 + 1 + 64] = 2;  // same_pixels
  CHECK(std::holds_alternative<ProtocolError>(decode_answer(message, asked)));
}

TEST_CASE("a need of memory that was met already is an error") {
  Job asked;
  asked.memory_bytes = 1000;
  CHECK(std::get<Answer>(decode_answer(encode_answer(asked.id, MemoryNeed{1001}), asked)) ==
        Answer(MemoryNeed{1001}));
  CHECK(std::holds_alternative<ProtocolError>(
      decode_answer(encode_answer(asked.id, MemoryNeed{1000}), asked)));
}

TEST_CASE("a hash of another size than was asked for is an error") {
  Job asked = job_of(JobKind::encode);
  CHECK(accepted(some_encoded_hash(), asked));
  asked.definition.size = matching::HashSize::eight;
  CHECK(!accepted(some_encoded_hash(), asked));
  CHECK(accepted(matching::EncodedHash{.words = {7}}, asked));
  CHECK(!accepted(matching::EncodedHash{.words = {7, 1}}, asked));
}

TEST_CASE("a job with a definition that there is not is an error") {
  const auto message = encode_job(job_of(JobKind::encode));
  for (std::size_t from_end : {3U, 4U, 5U}) {
    auto changed = message;
    changed[changed.size() - from_end] = 9;
    CHECK(std::holds_alternative<ProtocolError>(decode_job(changed, 1)));
  }
}

TEST_CASE("a thumbnail that is not what was asked for is an error") {
  Job asked = job_of(JobKind::thumbnail);
  asked.thumbnail_side_pixels = 3;
  const auto accepted_with = [&](auto change) {
    auto thumbnail = some_thumbnail();
    change(thumbnail);
    return accepted(thumbnail, asked);
  };
  CHECK(accepted_with([](auto&) {}));
  CHECK(!accepted(some_thumbnail(), job_of(JobKind::fingerprint)));
  CHECK(!accepted_with([](auto& t) { t.bgr.pop_back(); }));
  CHECK(!accepted_with([](auto& t) { t.bgr.push_back(0); }));
  CHECK(!accepted_with([](auto& t) { t.width_pixels = 2; }));
  CHECK(!accepted_with([](auto& t) { t.width_pixels = 0, t.bgr.clear(); }));
  CHECK(!accepted_with([](auto& t) { t.width_pixels = 0xFFFFFFFF; }));
  CHECK(!accepted_with([](auto& t) { t.picture_width_pixels = 2; }));
  CHECK(!accepted_with([](auto& t) { t.picture_height_pixels = 5001; }));
  asked.thumbnail_side_pixels = 2;
  CHECK(!accepted_with([](auto&) {}));
}

TEST_CASE("a job for a thumbnail of no size, or of too large a one, is an error") {
  for (const std::uint16_t side :
       {std::uint16_t{0}, std::uint16_t{max_thumbnail_side_pixels + 1}, std::uint16_t{65535}}) {
    Job job = job_of(JobKind::thumbnail);
    job.thumbnail_side_pixels = side;
    CHECK(std::holds_alternative<ProtocolError>(decode_job(encode_job(job), 1)));
  }
}

TEST_CASE("a worker cannot claim what only the asking side can know") {
  const Job asked = job_of(JobKind::fingerprint);
  CHECK(!accepted(matching::Refusal{matching::RefusalReason::crashed, ""}, asked));
  CHECK(!accepted(matching::Refusal{matching::RefusalReason::timed_out, ""}, asked));
  CHECK(accepted(matching::Refusal{matching::RefusalReason::out_of_memory, ""}, asked));
  CHECK(!accepted(matching::Refusal{static_cast<matching::RefusalReason>(99), ""}, asked));
}

TEST_CASE("a refusal's message becomes one printable line of bounded length") {
  const Job asked = job_of(JobKind::digest);
  const auto message_of = [&](std::string text) {
    const auto decoded = decode_answer(
        encode_answer(asked.id, matching::Refusal{matching::RefusalReason::damaged, text}), asked);
    REQUIRE(std::holds_alternative<Answer>(decoded));
    return std::get<matching::Refusal>(std::get<Answer>(decoded)).message;
  };
  CHECK(message_of("red \x1b[31m\nline") == "red ?[31m line");
  CHECK(message_of("caf\xc3\xa9 \xff") == "caf?? ?");
  CHECK(message_of(std::string(5000, 'x')) == std::string(max_refusal_message_bytes, 'x'));
}

TEST_CASE("messages cut short or drawn out are errors at every length") {
  const Job compare = job_of(JobKind::compare);
  auto job_message = encode_job(compare);
  auto answer_message = encode_answer(compare.id, some_comparison());
  const Hello with_network{matching::EmbeddingModelIdentity{some_digest(3), 512},
                           {.no_new_privileges = true, .system_call_filter = true}};
  auto hello = encode_hello(with_network);
  CHECK(std::get<Hello>(decode_hello(hello)) == with_network);
  CHECK(std::get<Hello>(decode_hello(encode_hello({}))) == Hello{});
  hello.back() = 2;
  CHECK(std::holds_alternative<ProtocolError>(decode_hello(hello)));
  hello.back() = 0;
  for (std::size_t size = 0; size < job_message.size(); ++size)
    CHECK(std::holds_alternative<ProtocolError>(
        decode_job(MessageBytes(job_message).first(size), 2)));
  for (std::size_t size = 0; size < answer_message.size(); ++size)
    CHECK(std::holds_alternative<ProtocolError>(
        decode_answer(MessageBytes(answer_message).first(size), compare)));
  for (std::size_t size = 0; size < hello.size(); ++size)
    CHECK(std::holds_alternative<ProtocolError>(decode_hello(MessageBytes(hello).first(size))));
  for (auto* message : {&job_message, &answer_message, &hello}) message->push_back(0);
  CHECK(std::holds_alternative<ProtocolError>(decode_job(job_message, 2)));
  CHECK(std::holds_alternative<ProtocolError>(decode_answer(answer_message, compare)));
  CHECK(std::holds_alternative<ProtocolError>(decode_hello(hello)));
}

TEST_CASE("whatever a mutated answer says, what is accepted keeps within the limits") {
  std::mt19937 random(20240501);
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  std::size_t accepted_count = 0;
  for (int round = 0; round < 200'000; ++round) {
    const Job asked = job_of(all_kinds[below(all_kinds.size())]);
    const std::array<Answer, 6> seeds{DigestAnswer{some_digest(9), 10},
                                      some_measurement(),
                                      some_comparison(),
                                      some_encoded_hash(),
                                      some_thumbnail(),
                                      matching::Refusal{matching::RefusalReason::damaged, "why"}};
    auto message = encode_answer(asked.id, seeds[below(seeds.size())]);
    for (auto changes = 1 + below(4); changes > 0; --changes)
      message[below(message.size())] = static_cast<std::uint8_t>(below(256));
    message.resize(below(8) == 0 ? below(message.size()) : message.size());
    const auto decoded = decode_answer(message, asked);
    const auto* answer = std::get_if<Answer>(&decoded);
    if (!answer) continue;
    ++accepted_count;
    if (const auto* measurement = std::get_if<matching::Measurement>(answer)) {
      const matching::Fingerprint* fingerprint = &measurement->fingerprint;
      CHECK(std::uint64_t{fingerprint->width_pixels} * fingerprint->height_pixels <=
            asked.limits.max_pixels);
      CHECK(!matching::name_of(fingerprint->format).empty());
    }
    if (const auto* hash = std::get_if<matching::EncodedHash>(answer))
      CHECK(hash->size == asked.definition.size);
    if (const auto* thumbnail = std::get_if<matching::Thumbnail>(answer))
      CHECK(thumbnail->bgr.size() ==
            std::size_t{3} * thumbnail->width_pixels * thumbnail->height_pixels);
    if (const auto* refusal = std::get_if<matching::Refusal>(answer))
      for (const char character : refusal->message) CHECK((character >= ' ' && character <= '~'));
  }
  CHECK(accepted_count > 1000);
}
