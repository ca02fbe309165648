// SPDX-License-Identifier: Apache-2.0
// imgdedup: the service's detection over a folder, at once. The command line.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "batch/commands.h"
#include "batch/drawing_file.h"
#include "batch/map.h"
#include "batch/plot.h"
#include "batch/readable_name.h"
#include "batch/usage_error.h"
#include "build_formats.h"

namespace {

using namespace imgdedup::batch;
using imgdedup::matching::HashLibrary;
using imgdedup::matching::HashSize;

constexpr int wrong_usage = 2;

const std::map<std::string, Method> encoding_methods{{"ahash", Method::ahash},
                                                     {"dhash", Method::dhash},
                                                     {"phash", Method::phash},
                                                     {"whash", Method::whash},
                                                     {"cnn", Method::cnn}};
const std::map<std::string, Method> all_methods{{"md5", Method::md5},     {"ahash", Method::ahash},
                                                {"dhash", Method::dhash}, {"phash", Method::phash},
                                                {"whash", Method::whash}, {"cnn", Method::cnn},
                                                {"local", Method::local}, {"all", Method::all}};
const std::map<std::string, HashLibrary> libraries{{"imagededup", HashLibrary::imagededup},
                                                   {"imagehash", HashLibrary::imagehash}};
const std::map<std::string, HashSize> hash_sizes{{"8", HashSize::eight}, {"16", HashSize::sixteen}};
const std::map<std::string, imgdedup::matching::ColourOrder> colour_orders{
    {"rgb", imgdedup::matching::ColourOrder::rgb}, {"bgr", imgdedup::matching::ColourOrder::bgr}};
const std::map<std::string, imgdedup::worker::SandboxRule> sandbox_rules{
    {"required", imgdedup::worker::SandboxRule::required},
    {"best-effort", imgdedup::worker::SandboxRule::best_effort}};
const std::map<std::string, Metric> metrics{{"map", Metric::map},
                                            {"ndcg", Metric::ndcg},
                                            {"jaccard", Metric::jaccard},
                                            {"classification", Metric::classification},
                                            {"all", Metric::all}};

/// An option whose value, a Value or an optional one, is one of the words of `values`; `text` is
/// what help says of its argument.
template <typename Target, typename Value>
void add_choice(CLI::App& command, const std::string& name, Target& value,
                const std::map<std::string, Value>& values, const std::string& text,
                const std::string& description = {}) {
  std::vector<std::string> words;
  for (const auto& [word, ignored] : values) words.push_back(word);
  command
      .add_option_function<std::string>(
          name, [&](const std::string& word) { value = values.at(word); },
          description + "one of: " + CLI::detail::join(words, " "))
      ->option_text(text)
      ->check(CLI::IsMember(words));
}

/// An empty variable of a script must not mean "without that option".
std::string is_named(const std::string& path) {
  return path.empty() ? "an empty name" : std::string();
}

/// Where the result goes.
void add_output(CLI::App& command, std::filesystem::path& output) {
  command.add_option("-o", output, "where the result goes, instead of standard output")
      ->option_text("FILE")
      ->check(is_named);
}

void add_sandbox(CLI::App& command, imgdedup::worker::SandboxRule& rule) {
  add_choice(
      command, "--sandbox", rule, sandbox_rules, "RULE [required]",
      "whether pictures may be read where the system has not all that shuts in the processes "
      "that read them, ");
}

void add_recursive(CLI::App& command, Descent& descent) {
  command.add_flag_callback(
      "--recursive", [&descent] { descent = Descent::recursive; },
      "folders below the folder as well");
}

/// Options.library and Options.hash_size.
template <typename Options>
void add_definition(CLI::App& command, Options& options) {
  add_choice(command, "--compat", options.library, libraries, "LIBRARY [imagededup]",
             "whose hashes, digit for digit, ");
  add_choice(command, "--hash-size", options.hash_size, hash_sizes, "N [8]",
             "rows of a hash: 64 or 256 bits, ");
}

/// An option that is read by `parse`, which gives nothing for what is not `allowed`.
template <typename Value, typename Parse>
void add_parsed(CLI::App& command, const std::string& name, Value& value, const Parse& parse,
                const std::string& allowed, const std::string& text) {
  command
      .add_option_function<std::string>(
          name,
          [&value, parse, name, allowed](const std::string& word) {
            const auto parsed = parse(word);
            if (!parsed) throw CLI::ValidationError(name, word + " is not " + allowed);
            value = *parsed;
          },
          allowed)
      ->option_text(text);
}

void add_model(CLI::App& command, ModelOptions& options) {
  namespace matching = imgdedup::matching;
  auto& parameters = options.parameters;
  command
      .add_option("--model", options.file,
                  "of --method cnn: an ONNX network with one picture in and one vector out")
      ->option_text("FILE");
  command
      .add_option_function<std::string>(
          "--input-size",
          [&parameters](const std::string& word) {
            const auto size = matching::input_size_from_text(word);
            if (!size) throw CLI::ValidationError("--input-size", word + " is no such size");
            parameters.input_width = (*size)[0];
            parameters.input_height = (*size)[1];
          },
          "what the network takes, 1 to 2048 pixels a side: 224, or WIDTHxHEIGHT")
      ->option_text("SIZE [224]");
  add_parsed(command, "--mean", parameters.mean, matching::channels_from_text,
             "what is taken from a channel's 0 to 1: three numbers, or one for all",
             "R,G,B [0.485,0.456,0.406]");
  add_parsed(
      command, "--scale", parameters.scale,
      [](const std::string& word) {
        const auto scale = matching::channels_from_text(word);
        return scale && is_valid(matching::EmbeddingParameters{.scale = *scale}) ? scale
                                                                                 : std::nullopt;
      },
      "what that is divided by: three numbers other than 0, or one for all",
      "R,G,B [0.229,0.224,0.225]");
  add_choice(command, "--colour", parameters.colour, colour_orders, "ORDER [rgb]");
}

void add_search(CLI::App& command, SearchOptions& options) {
  auto* const folders = command.add_option("DIR", options.folders, "folders to look into")
                            ->check(CLI::ExistingDirectory);
  add_choice(command, "--method", options.method, all_methods, "METHOD [all]");
  command
      .add_option("--max-distance", options.max_distance_bits,
                  "bits in which two hashes may differ, inclusive [10]: 0 to 64, or to 256 with "
                  "--hash-size 16")
      ->option_text("N")
      ->check(CLI::Range(0, 256));
  command
      .add_option("--min-similarity", options.min_similarity,
                  "least cosine of two vectors (--method cnn), -1 to 1, inclusive [0.9]")
      ->option_text("S")
      ->check(CLI::Range(-1.0, 1.0));
  add_definition(command, options);
  add_model(command, options.model);
  add_recursive(command, options.descent);
  add_sandbox(command, options.sandbox);
  auto* const encodings =
      command
          .add_option(
              "--encodings", options.encodings,
              "hashes or vectors from an `encode` of before, instead of pictures; no method "
              "needed")
          ->option_text("FILE")
          ->check(CLI::ExistingFile)
          ->excludes(folders);
  add_output(command, options.output);
  command.callback([folders, encodings] {
    if (folders->empty() && encodings->empty()) throw CLI::RequiredError("DIR");
  });
}

void add_find(CLI::App& app, FindOptions& options) {
  CLI::App& command = *app.add_subcommand("find", "the duplicates of every picture, as JSON");
  add_search(command, options.search);
  command.add_flag_callback(
      "--scores", [&options] { options.scores = Scores::include; },
      "[duplicate, distance or cosine] pairs instead of names");
  command.add_option("--neighbours", options.neighbours, "only the K nearest of each")
      ->option_text("K")
      ->check([](const std::string& word) {
        const bool is_count = word.find_first_not_of("0123456789") == std::string::npos &&
                              word.find_first_not_of('0') != std::string::npos;
        return is_count ? std::string() : word + " is not a number from 1 on";
      });
  command
      .add_option("--query", options.query, "only this file's duplicates, in the folders or not")
      ->option_text("FILE")
      ->check(is_named);
}

void add_to_remove(CLI::App& app, SearchOptions& options) {
  add_search(*app.add_subcommand("to-remove", "the files to remove so that one of each stays"),
             options);
}

void add_encode(CLI::App& app, EncodeOptions& options) {
  CLI::App& command =
      *app.add_subcommand("encode", "the hash or vector of a picture, or of each in a folder");
  command.add_option("PATH", options.path, "a file or a folder")
      ->required()
      ->check(CLI::ExistingPath);
  add_choice(command, "--method", options.method, encoding_methods, "METHOD [phash]");
  add_definition(command, options);
  add_model(command, options.model);
  add_recursive(command, options.descent);
  add_sandbox(command, options.sandbox);
  add_output(command, options.output);
}

void add_evaluate(CLI::App& app, EvaluateOptions& options) {
  CLI::App& command = *app.add_subcommand("evaluate", "how well a result agrees with the truth");
  command.add_option("--truth", options.truth, "the map that is right")
      ->option_text("T.json")
      ->required();
  command.add_option("--found", options.found, "the map that `find` gave")
      ->option_text("F.json")
      ->required();
  add_choice(command, "--metric", options.metric, metrics, "METRIC [all]");
}

void add_drawing(CLI::App& command, std::filesystem::path& output) {
  command
      .add_option("-o", output,
                  "where the drawing goes: a .png or .jpg file, replaced if it is there")
      ->option_text("OUT.png")
      ->required()
      ->check([](const std::string& path) {
        return has_drawing_extension(path) ? std::string() : path + ": neither .png nor .jpg";
      });
}

void add_plot(CLI::App& app, PlotOptions& options) {
  CLI::App& command =
      *app.add_subcommand("plot", "draws a picture and its duplicates, with their scores");
  command.add_option("FILE", options.file, "whose duplicates: its name in the map, or its path")
      ->required();
  command
      .add_option("--found", options.found, "the map that `find` gave, with --scores or without")
      ->option_text("F.json")
      ->required();
  command
      .add_option("--folder", options.folder,
                  "the folder that `find` was given, or the current one of then if there were "
                  "several [by FILE's path, else the current one]")
      ->option_text("DIR")
      ->check(CLI::ExistingDirectory);
  add_sandbox(command, options.sandbox);
  add_drawing(command, options.output);
}

void add_map(CLI::App& app, MapOptions& options) {
  CLI::App& command =
      *app.add_subcommand("map", "draws all pictures of a folder, alike ones side by side (t-SNE)");
  command.add_option("DIR", options.folder, "the folder")
      ->required()
      ->check(CLI::ExistingDirectory);
  add_drawing(command, options.output);
  command.add_option("--csv", options.csv, "where file,x,y of each picture go")
      ->option_text("FILE");
  add_recursive(command, options.descent);
  add_sandbox(command, options.sandbox);
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Finds duplicate pictures in folders.", "imgdedup");
  app.set_version_flag("--version",
                       std::string("imgdedup " IMGDEDUP_VERSION "\n") + imgdedup::formats_text);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* /*app*/, const CLI::Error& error) {
    return "imgdedup: " + message_text(error.what()) + " (see imgdedup --help)\n";
  });
  FindOptions find_options;
  SearchOptions to_remove_options;
  EncodeOptions encode_options;
  EvaluateOptions evaluate_options;
  PlotOptions plot_options;
  MapOptions map_options;
  add_find(app, find_options);
  add_to_remove(app, to_remove_options);
  add_encode(app, encode_options);
  add_evaluate(app, evaluate_options);
  add_plot(app, plot_options);
  add_map(app, map_options);
  try {
    const auto is_first = [&](const CLI::App* command) {
      return command->get_name() == arguments[1];
    };
    if (count > 1 && arguments[1][0] != '-' && app.get_subcommands(is_first).empty())
      throw CLI::ValidationError(arguments[1], "no such command");
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) != 0) return wrong_usage;
    return std::cout.flush() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  try {
    if (app.got_subcommand("find")) find(find_options);
    if (app.got_subcommand("to-remove")) to_remove(to_remove_options);
    if (app.got_subcommand("encode")) encode(encode_options);
    if (app.got_subcommand("evaluate")) evaluate(evaluate_options);
    if (app.got_subcommand("plot")) plot(plot_options);
    if (app.got_subcommand("map")) draw_map(map_options);
    return EXIT_SUCCESS;
  } catch (const UsageError& error) {
    say(error.what());
    return wrong_usage;
  } catch (const std::exception& error) {
    say(error.what());
    return EXIT_FAILURE;
  }
}
