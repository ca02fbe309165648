// SPDX-License-Identifier: Apache-2.0
// Hello, Job and Answer as messages and back. Pure: each side reads the other's as a stranger's
// word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "matching/embedding_parameters.h"
#include "worker/job.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

using MessageBytes = std::span<const std::uint8_t>;

/// Of jobs and answers alike; raised when either changes its form.
inline constexpr std::uint16_t protocol_version = 5;

/// What is wrong with a message, one line for people.
struct ProtocolError {
  std::string message;

  bool operator==(const ProtocolError&) const = default;
};

/// No message is longer. The largest thumbnail fits in, and the message into the send buffer that
/// Linux gives a socket (net.core.wmem_default, 212,992 bytes).
inline constexpr std::size_t max_message_bytes = 200 * 1024;
/// Refusal messages are cut to this.
inline constexpr std::size_t max_refusal_message_bytes = 1000;

/// Descriptors that travel with a job of this kind: 1, or 2 for compare.
std::size_t descriptor_count_of(JobKind kind);

/// What a worker says first, once it can work, beside the versions of protocol and fingerprint.
struct Hello {
  /// Of the network that it was started with.
  std::optional<matching::EmbeddingModelIdentity> network = {};
  SandboxLayers sandbox = {};  ///< those that hold

  bool operator==(const Hello&) const = default;
};
std::vector<std::uint8_t> encode_hello(const Hello& hello);
/// What is wrong, if `message` is not the hello of a worker of this build's versions.
std::variant<Hello, ProtocolError> decode_hello(MessageBytes message);

std::vector<std::uint8_t> encode_job(const Job& job);
/// descriptor_count: how many came beside the message; must fit the kind.
std::variant<Job, ProtocolError> decode_job(MessageBytes message, std::size_t descriptor_count);

/// job_id: the id of the job that is answered.
std::vector<std::uint8_t> encode_answer(std::uint64_t job_id, const Answer& answer);
/// asked: the job that must be the one answered. Everything is checked: id, kind, lengths,
/// enumerations, ranges, sizes against the job's limits; of a Refusal's message only printable
/// ASCII is kept. Refusals that only the asking side can know (timed_out, crashed) are errors.
std::variant<Answer, ProtocolError> decode_answer(MessageBytes message, const Job& asked);

/// `text` on one line of printable ASCII, other bytes as '?', cut to `max_bytes`.
std::string printable_line(std::string_view text, std::size_t max_bytes);

}  // namespace imgdedup::worker
