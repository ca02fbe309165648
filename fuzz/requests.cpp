// SPDX-License-Identifier: Apache-2.0
// A line of the control socket, up to where the service would act, and what it would answer.
#include <cstdlib>
#include <string>
#include <string_view>

#include "protocol/command_table.h"
#include "protocol/json_rpc.h"
#include "protocol/params.h"
#include "protocol/utf8.h"

namespace {

using namespace imgdedup::protocol;

/// One line of JSON, whatever came in.
void check_line(const std::string& line) {
  if (line.find('\n') != line.size() - 1) std::abort();
  if (Json::parse(line, nullptr, false).is_discarded()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = parse_request({reinterpret_cast<const char*>(data), size});
  if (const auto* error = std::get_if<RequestError>(&parsed)) {
    check_line(error_line(*error));
    return 0;
  }
  const auto& request = std::get<Request>(parsed);
  check_line(result_line(request.id, request.params));
  const Command* const command = find_command(request.method);
  if (!command) {
    check_line(error_line(request.id, ErrorCode::unknown_method, readable_text(request.method)));
    return 0;
  }
  const auto params = validate_params(*command, request.params);
  if (const auto* error = std::get_if<ParameterError>(&params))
    check_line(error_line(request.id, ErrorCode::invalid_params, error->message));
  else
    for (const Parameter& parameter : command->parameters)
      if (parameter.presence == Presence::required &&
          !std::get<Json>(params).contains(std::string(parameter.name)))
        std::abort();
  return 0;
}
